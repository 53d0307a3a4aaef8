import { expect } from "chai";
import { refusalOf } from "../support/oauth-error.js";
import { oauthErrorOf } from "../support/raw-request.js";
import {
  LIBRARIES,
  connect,
  type DeviceAuthorization,
  type RelyingParty,
} from "../support/relying-party-libraries.js";
import { laterBy } from "../support/shift-time.js";
import { createTestClient, type TestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";
import { createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";
/** RFC 8628 §3.5: what a client waits between two polls. */
const INTERVAL_SECONDS = 5;

describe("device authorization grant (RFC 8628)", () => {
  let server: TestServer;
  let client: TestClient;
  before(async () => {
    server = await startTestServer();
    client = await createTestClient(server, {
      client_name: "Television",
      grant_types: [DEVICE_GRANT, "refresh_token"],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: "none",
    });
  });
  after(() => server.close());

  for (const library of LIBRARIES) {
    it(`connects a device: code, confirmation, sign-in, consent, tokens (${library.name})`, async () => {
      const tv = await library.connect(server, client);
      const device = await tv.startDevice({ scope: "openid email" });
      expect(await refusalOf(tv.pollDevice(device.device_code))).to.include({
        error: "authorization_pending",
      });
      const agent = createUserAgent(server.issuer);
      const confirmation = await enterCode(agent, device, device.user_code);
      expect(confirmation.html).to.include(device.user_code).and.include("Television");
      const done = await signIn(agent, await agent.submit(confirmation, { confirm: "yes" }));
      expect(done.html).to.include("Your device is connected");

      const tokens = await laterBy(INTERVAL_SECONDS, () => tv.pollDevice(device.device_code));
      expect(tokens.claims).to.include({ aud: client.clientId });
      const subject = String(tokens.claims?.["sub"]);
      const claims = await tv.userinfo(tokens.access_token, subject);
      expect(claims).to.include({ email: "ada@example.com" });
      expect(await tv.refresh(tokens.refresh_token ?? "")).to.have.property("access_token");
      expect(await refusalOf(tv.pollDevice(device.device_code))).to.include({
        error: "invalid_grant",
      });
    });
  }

  describe("the device", () => {
    let tv: RelyingParty;
    before(async () => {
      tv = await connect(server, client);
    });

    it("learns where to send the person, for how long, and how often to ask (§3.2)", async () => {
      const device = await tv.startDevice();
      expect(device).to.include({
        verification_uri: `${server.issuer}/device`,
        expires_in: 600,
        interval: INTERVAL_SECONDS,
      });
      expect(device.verification_uri_complete).to.equal(
        `${server.issuer}/device?user_code=${device.user_code}`,
      );
      expect(device.user_code).to.match(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    });

    it("is told to slow down when it asks too often, and not when it keeps the interval (§3.5)", async function () {
      // Redis counts by its own clock, which this process can't move.
      if (process.env["TEST_STORES"] === "redis") this.skip();
      const { device_code } = await tv.startDevice();
      const pending = { error: "authorization_pending", status: 400 };
      expect(await refusalOf(tv.pollDevice(device_code))).to.include(pending);
      expect(await refusalOf(tv.pollDevice(device_code))).to.include({
        error: "slow_down",
        status: 400,
      });
      const later = await laterBy(INTERVAL_SECONDS, () => refusalOf(tv.pollDevice(device_code)));
      expect(later).to.include(pending);
    });

    it("is told that its code has expired (§3.5)", async () => {
      const { device_code } = await tv.startDevice();
      const refusal = await laterBy(610, () => refusalOf(tv.pollDevice(device_code)));
      expect(refusal).to.include({ error: "expired_token" });
    });

    it("is told that the person refused (§3.5)", async () => {
      const device = await tv.startDevice();
      const agent = createUserAgent(server.issuer);
      const page = await enterCode(agent, device, device.user_code);
      const refused = await agent.submit(page, { abort: "yes" });
      expect(refused.html).to.include("Your device was not connected");
      expect(await refusalOf(tv.pollDevice(device.device_code))).to.include({
        error: "access_denied",
      });
    });

    it("is told that the person refused at the consent page", async () => {
      const device = await tv.startDevice({ scope: "openid phone" });
      const agent = createUserAgent(server.issuer);
      const page = await enterCode(agent, device, device.user_code);
      const login = await agent.submit(page, { confirm: "yes" });
      const { username, password } = server;
      const consent = await agent.submit(
        login,
        { identifier: username, password },
        { action: /\/login$/ },
      );
      const refused = await agent.submit(consent, { decision: "deny" }, { action: /\/consent$/ });
      expect(refused.html).to.include("Your device was not connected");
      expect(await refusalOf(tv.pollDevice(device.device_code))).to.include({
        error: "access_denied",
      });
    });

    it("gets nothing for the device code of another client (§5.2)", async () => {
      const { device_code } = await tv.startDevice();
      const other = await createTestClient(server, {
        grant_types: [DEVICE_GRANT],
        redirect_uris: [],
        response_types: [],
        token_endpoint_auth_method: "none",
      });
      const thief = await connect(server, other);
      expect(await refusalOf(thief.pollDevice(device_code))).to.include({
        error: "invalid_grant",
      });
      // The stranger's poll does not count against the device.
      expect(await refusalOf(tv.pollDevice(device_code))).to.include({
        error: "authorization_pending",
      });
    });

    it("needs the grant in its registration", async () => {
      const plain = await createTestClient(server);
      const answer = await postForm(
        `${server.issuer}/device/auth`,
        { client_id: plain.clientId, scope: "openid" },
        { client: plain },
      );
      expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([400, "invalid_request"]);
    });
  });

  describe("the person", () => {
    let tv: RelyingParty;
    before(async () => {
      tv = await connect(server, client);
    });

    it("is told of a code that is wrong or missing, and may try again", async () => {
      const device = await tv.startDevice();
      const agent = createUserAgent(server.issuer);
      const wrong = await enterCode(agent, device, "WRNG-CDXX");
      expect(wrong.status).to.equal(422);
      expect(wrong.html).to.include("This code is not known");
      const missing = await agent.submit(wrong, { user_code: "" });
      expect(missing.html).to.include("Enter the code that your device shows.");
      const right = await agent.submit(missing, { user_code: device.user_code.toLowerCase() });
      expect(right.html).to.include("Is this your device?");
    });

    it("is told of a code that has expired", async () => {
      const device = await tv.startDevice();
      const page = await laterBy(610, () =>
        enterCode(createUserAgent(server.issuer), device, device.user_code),
      );
      expect(page.html).to.include("This code has expired");
    });

    it("is told of a code that was used", async () => {
      const device = await tv.startDevice();
      const agent = createUserAgent(server.issuer);
      const page = await enterCode(agent, device, device.user_code);
      await signIn(agent, await agent.submit(page, { confirm: "yes" }));
      const again = await enterCode(createUserAgent(server.issuer), device, device.user_code);
      expect(again.html).to.include("This code has been used");
    });

    it("confirms even when the link carried the code (§5.4)", async () => {
      const device = await tv.startDevice();
      const agent = createUserAgent(server.issuer);
      const link = await agent.open(device.verification_uri_complete ?? "");
      expect(link.headers.get("Content-Security-Policy")).to.match(/script-src [^;]*'sha256-/);
      const page = await agent.submit(link, {});
      expect(page.html).to.include("Is this your device?").and.include(device.user_code);
      expect(await refusalOf(tv.pollDevice(device.device_code))).to.include({
        error: "authorization_pending",
      });
    });

    it("is told when the browser keeps no cookies", async () => {
      const device = await tv.startDevice();
      const agent = createUserAgent(server.issuer);
      const form = await agent.open(device.verification_uri);
      const forgetful = createUserAgent(server.issuer);
      forgetful.cookies.push = () => 0;
      const page = await forgetful.submit(form, { user_code: device.user_code });
      expect(page.status).to.equal(400);
      expect(page.html).to.include("Your browser blocks cookies");
    });

    it("cannot be made to connect a device from another site (AC-40)", async () => {
      const device = await tv.startDevice();
      const forged = { user_code: device.user_code, confirm: "yes", xsrf: "guessed" };
      expect((await postForm(device.verification_uri, forged)).status).to.equal(303);
      const agent = createUserAgent(server.issuer);
      const form = await agent.open(device.verification_uri);
      const page = await agent.submit(form, forged);
      expect(page.status).to.equal(422);
      expect(page.html).to.include("This did not work. Enter the code again.");
      expect(await refusalOf(tv.pollDevice(device.device_code))).to.include({
        error: "authorization_pending",
      });
    });
  });

  async function enterCode(
    agent: UserAgent,
    device: DeviceAuthorization,
    userCode: string,
  ): Promise<Page> {
    const page = await agent.open(device.verification_uri);
    return agent.submit(page, { user_code: userCode });
  }

  /** Signs in and allows, as far as asked. */
  async function signIn(agent: UserAgent, start: Page): Promise<Page> {
    let page = start;
    if (/name="identifier"/.test(page.html)) {
      const { username, password } = server;
      const fields = { identifier: username, password };
      page = await agent.submit(page, fields, { action: /\/login$/ });
    }
    if (/name="decision"/.test(page.html)) {
      page = await agent.submit(page, { decision: "allow" }, { action: /\/consent$/ });
    }
    return page;
  }
});
