import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { resetSecondStep } from "../../src/commands/second-step-commands.js";
import { updateClient } from "../../src/commands/client-commands.js";
import { createAccessTokenVerifier, protectNode } from "../../src/verify/index.js";
import { enrolAuthenticator, type AuthenticatorApp } from "../support/authenticator-app.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { laterBy } from "../support/shift-time.js";
import { API, createTestApis, createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

const PWD = "urn:latchkey:acr:pwd";
const MFA = "urn:latchkey:acr:mfa";
const FEDERATED = "urn:latchkey:acr:federated";
const PHR = "phr";

type Has = "nothing" | "app";
/** What the browser is asked for next; "code": the application has its answer. */
type Next = "code" | "login" | "second-step" | "set-up" | "unmet" | "login_required";

describe("a sign-in that is to be stronger", () => {
  let server: TestServer;
  let rp: RelyingParty;
  let people = 0;
  before(async () => {
    server = await startTestServer();
    await createTestApis(server);
    rp = await connect(server, await createTestClient(server, {}, { firstParty: true }));
  });
  after(() => server.close());

  interface Person {
    readonly username: string;
    readonly agent: UserAgent;
    readonly app: AuthenticatorApp | undefined;
  }

  /** Signed in with all that they have, unless they are new at this browser. */
  async function newPerson(has: Has, session: "none" | "pwd" | "mfa"): Promise<Person> {
    const username = `staff-${++people}`;
    const about = { email: `${username}@example.com`, emailVerified: true, profile: {} };
    await server.app.createAccount({ ...about, username, password: server.password });
    const agent = createUserAgent(server.issuer);
    if (session === "pwd") await enterPassword(agent, username, {});
    const app = has === "app" ? (await enrolAuthenticator(server, username)).app : undefined;
    if (session === "mfa") {
      await enterCode(agent, await enterPassword(agent, username, {}), app);
    }
    return { username, agent, app };
  }

  async function enterPassword(agent: UserAgent, username: string, parameters: Parameters) {
    const page = await agent.open((await rp.begin(parameters)).url);
    return submitPassword(agent, page, username);
  }

  const submitPassword = (agent: UserAgent, page: Page, username: string) =>
    agent.submit(page, { identifier: username, password: server.password }, { action: /\/login$/ });

  const enterCode = (agent: UserAgent, page: Page, app: AuthenticatorApp | undefined) =>
    agent.submit(page, { code: app?.nextCode() ?? "" }, { action: /\/second-step$/ });

  type Parameters = Record<string, string>;
  const essential = (...values: string[]): Parameters => ({
    claims: JSON.stringify({ id_token: { acr: { essential: true, values } } }),
  });
  const wished = (...values: string[]): Parameters => ({ acr_values: values.join(" ") });

  function nextOf({ url, html }: Page): Next {
    const error = url.searchParams.get("error");
    if (error === "unmet_authentication_requirements") return "unmet";
    if (error === "login_required") return "login_required";
    if (url.searchParams.has("code")) return "code";
    if (url.pathname.endsWith("/set-up")) return "set-up";
    if (url.pathname.endsWith("/second-step")) return "second-step";
    if (html.includes('name="identifier"')) return "login";
    throw new Error(`${url.href} ${html}`);
  }

  describe("is asked for what it lacks (OpenID Connect Core §5.5.1.1, RFC 9470 §4)", () => {
    const TABLE: [Parameters, "none" | "pwd" | "mfa", Has, Next, Next?][] = [
      // request, session, what the account has, what is asked for, and what after the password
      [wished(PWD), "none", "nothing", "login", "code"],
      [wished(PWD), "pwd", "nothing", "code"],
      [wished(PWD), "mfa", "app", "code"],
      [wished(MFA), "none", "nothing", "login", "set-up"],
      [wished(MFA), "none", "app", "login", "second-step"],
      [wished(MFA), "pwd", "nothing", "set-up"],
      [wished(MFA), "pwd", "app", "second-step"],
      [wished(MFA), "mfa", "app", "code"],
      [wished(MFA, PWD), "pwd", "app", "code"],
      [wished(PHR), "pwd", "nothing", "unmet"],
      [wished(PHR), "pwd", "app", "unmet"],
      [wished(PHR), "mfa", "app", "unmet"],
      [wished(PHR), "none", "nothing", "login", "unmet"],
      [wished(PHR, MFA), "pwd", "app", "second-step"],
      [wished("urn:unknown"), "pwd", "app", "code"],
      [wished(FEDERATED), "pwd", "nothing", "code"],
      [essential(PWD), "pwd", "nothing", "code"],
      [essential(PWD), "mfa", "app", "code"],
      [essential(MFA), "none", "app", "login", "second-step"],
      [essential(MFA), "pwd", "nothing", "set-up"],
      [essential(MFA), "pwd", "app", "second-step"],
      [essential(MFA), "mfa", "app", "code"],
      [essential(PHR), "mfa", "app", "unmet"],
      [essential("urn:unknown"), "mfa", "app", "unmet"],
      [essential(FEDERATED), "pwd", "nothing", "login", "unmet"],
      [{ ...wished(MFA), prompt: "none" }, "pwd", "app", "login_required"],
      [{ ...wished(MFA), prompt: "none" }, "mfa", "app", "code"],
      [{ ...wished(MFA), prompt: "login" }, "mfa", "app", "login", "second-step"],
      [{ ...wished(MFA), max_age: "0" }, "pwd", "app", "login", "second-step"],
    ];

    for (const [parameters, session, has, next, afterPassword] of TABLE) {
      it(`${JSON.stringify(parameters)}, session ${session}, has ${has}: ${next}`, async () => {
        const { agent, username, app } = await newPerson(has, session);
        let page = await agent.open((await rp.begin(parameters)).url);
        expect(nextOf(page)).to.equal(next);
        if (afterPassword !== undefined) {
          page = await submitPassword(agent, page, username);
          expect(nextOf(page)).to.equal(afterPassword);
        }
        if (nextOf(page) === "second-step") page = await enterCode(agent, page, app);
        if (nextOf(page) !== "set-up")
          expect(nextOf(page)).to.be.oneOf(["code", "unmet", "login_required"]);
      });
    }
  });

  it("tells of the class in the words of who asked, and of what happened in amr", async () => {
    const { agent } = await newPerson("app", "mfa");
    for (const [asked, told] of [
      [PWD, PWD],
      [MFA, MFA],
    ] as const) {
      const attempt = await rp.begin(wished(asked));
      const { claims } = await rp.redeem(attempt, (await agent.open(attempt.url)).url);
      expect(claims?.["acr"]).to.equal(told);
    }
    const amr = JSON.stringify({ id_token: { acr: null, amr: null } });
    const attempt = await rp.begin({ claims: amr });
    const { claims } = await rp.redeem(attempt, (await agent.open(attempt.url)).url);
    expect(claims).to.deep.include({ acr: MFA, amr: ["pwd", "otp", "mfa"] });
  });

  it("keeps the time of the password when only the second step is taken, so that max_age asks for both", async () => {
    const { agent, app } = await newPerson("app", "pwd");
    const asked = { claims: JSON.stringify({ id_token: { auth_time: { essential: true } } }) };
    const first = await rp.begin(asked);
    const before = await rp.redeem(first, (await agent.open(first.url)).url);
    await laterBy(120, async () => {
      const attempt = await rp.begin({ ...asked, ...wished(MFA) });
      const page = await enterCode(agent, await agent.open(attempt.url), app);
      const { claims } = await rp.redeem(attempt, page.url);
      expect(claims).to.deep.include({ acr: MFA, auth_time: before.claims?.["auth_time"] });
      const again = await agent.open((await rp.begin({ ...wished(MFA), max_age: "60" })).url);
      expect(nextOf(again)).to.equal("login");
    });
  });

  it("gives the session another cookie (ASVS 7.2.4)", async () => {
    const { agent, app } = await newPerson("app", "pwd");
    const cookie = () => agent.cookies.find(({ name }) => name === "latchkey_session")?.value;
    const before = cookie();
    const page = await agent.open((await rp.begin(wished(MFA))).url);
    await enterCode(agent, page, app);
    expect(cookie()).to.be.a("string").and.not.equal(before);
  });

  it("says who asks, and for whom", async () => {
    const { agent, username } = await newPerson("app", "pwd");
    const { html } = await agent.open((await rp.begin(wished(MFA))).url);
    expect(html).to.include("<strong>Test application</strong> needs a second step");
    expect(html).to.include(username);
  });

  it("is asked of everybody where the operator says so, and offered to nobody where they say no", async () => {
    for (const [SECOND_STEP, parameters, next] of [
      ["required", {}, "set-up"],
      ["off", {}, "code"],
    ] as const) {
      const other = await startTestServer({ environment: { SECOND_STEP, PASSKEYS: "false" } });
      try {
        const party = await connect(other, await createTestClient(other, {}, { firstParty: true }));
        const agent = createUserAgent(other.issuer);
        const login = await agent.open((await party.begin(parameters)).url);
        expect(nextOf(await submitPassword(agent, login, other.username))).to.equal(next);
        const metadata = await fetch(`${other.issuer}/.well-known/openid-configuration`);
        const { acr_values_supported: acrs } = (await metadata.json()) as Record<string, string[]>;
        expect(acrs).to.deep.equal([FEDERATED, PWD, ...(SECOND_STEP === "off" ? [] : [MFA])]);
        if (SECOND_STEP !== "off") continue;
        const stronger = await agent.open((await party.begin(wished(MFA))).url);
        expect(nextOf(stronger)).to.equal("unmet");
        expect((await agent.open(`${other.issuer}/account/second-step/set-up`)).status).to.equal(
          404,
        );
      } finally {
        await other.close();
      }
    }
  });

  it("is asked for by a client from when an administrator says so, until they say no (latchkey client update)", async () => {
    const client = await createTestClient(server, {}, { firstParty: true });
    const party = await connect(server, client);
    const { agent } = await newPerson("app", "pwd");
    const ask = async () => nextOf(await agent.open((await party.begin()).url));
    expect(await ask()).to.equal("code");
    await updateClient(server.app, client.clientId, { requireSecondStep: true });
    expect(await ask()).to.equal("second-step");
    await updateClient(server.app, client.clientId, { allowOneStep: true });
    expect(await ask()).to.equal("code");
  });

  it("is gone, with every session, once support has reset it (latchkey account reset-second-step)", async () => {
    const { agent, username } = await newPerson("app", "mfa");
    await resetSecondStep(server.app, username);
    const page = await agent.open((await rp.begin()).url);
    expect(nextOf(page)).to.equal("login");
    expect(nextOf(await submitPassword(agent, page, username))).to.equal("code");
    const told = server.logs.find((line) => line["event"] === "second_step.removed");
    expect(told).to.include({ audit: true, by: "administrator" });
  });

  describe("for an API (RFC 9470)", () => {
    let api: Server;
    let apiUrl: string;
    before(async () => {
      const verifier = createAccessTokenVerifier({
        issuer: server.issuer,
        audience: API,
        revocation: "none",
      });
      const needs = { acrValues: [MFA], maxAgeSeconds: 300 };
      const pay = protectNode(verifier, needs, (_request, response, token) => {
        response.end(JSON.stringify({ acr: token.acr }));
      });
      api = createServer((request, response) => void pay(request, response));
      await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
      apiUrl = `http://127.0.0.1:${(api.address() as AddressInfo).port}/pay`;
    });
    after(() => api.close());

    it("challenges, is answered by acr_values and max_age, and then accepts", async () => {
      const { agent, app } = await newPerson("app", "pwd");
      const call = (token: string) =>
        fetch(apiUrl, { headers: { Authorization: `Bearer ${token}` } });
      const first = await rp.begin({ resource: API, scope: "openid orders:read" });
      const weak = await rp.redeem(first, (await agent.open(first.url)).url, { resource: API });
      const refused = await call(weak.access_token);
      expect(refused.status, refused.headers.get("WWW-Authenticate") ?? "").to.equal(401);
      const challenge = refused.headers.get("WWW-Authenticate") ?? "";
      expect(challenge, challenge).to.include('error="insufficient_user_authentication"');
      const parameter = (name: string) =>
        new RegExp(`${name}="([^"]+)"`).exec(challenge)?.[1] ?? "";

      const second = await rp.begin({
        resource: API,
        scope: "openid orders:read",
        acr_values: parameter("acr_values"),
        max_age: parameter("max_age"),
      });
      const page = await enterCode(agent, await agent.open(second.url), app);
      const strong = await rp.redeem(second, page.url, { resource: API });
      const accepted = await call(strong.access_token);
      expect([accepted.status, await accepted.json()]).to.deep.equal([200, { acr: MFA }]);
      const introspected = await rp.introspect(strong.access_token);
      expect(introspected).to.deep.include({ acr: MFA, amr: ["pwd", "otp", "mfa"] });
    });
  });
});
