import { expect } from "chai";
import { refusalOf } from "../support/oauth-error.js";
import { register, sendMetadata } from "../support/registration-endpoint.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import {
  REDIRECT_URI,
  createMachineClient,
  createTestClient,
  type TestClient,
} from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";
import { createUserAgent } from "../support/user-agent.js";

type Line = Record<string, unknown>;

/** ASVS 16.2, 16.3: who did what, from where, with what result. */
describe("audit lines", () => {
  let server: TestServer;
  let client: TestClient;
  let rp: RelyingParty;
  before(async () => {
    server = await startTestServer();
    client = await createTestClient(server);
    rp = await connect(server, client);
  });
  after(() => server.close());

  /** The audit lines of `event` that `work` leads to. */
  async function linesOf(event: string, work: () => Promise<unknown>): Promise<Line[]> {
    const start = server.logs.length;
    await work();
    const lines = server.logs.slice(start).filter((line) => line["audit"] === true);
    return lines.filter((line) => line["event"] === event);
  }

  function expectLine(lines: Line[], facts: Line): Line {
    const line = lines.at(-1);
    expect(line, `none of ${JSON.stringify(facts)}`).to.not.equal(undefined);
    expect(line).to.include(facts);
    expect(line?.["requestId"]).to.match(/^[0-9a-f]{16}$/);
    expect(line?.["ip"]).to.match(/^(::ffff:)?127\.0\.0\.1$|^::1$/);
    expect(line?.["time"]).to.match(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(line?.["level"]).to.equal(facts["outcome"] === "success" ? 30 : 40);
    return line ?? {};
  }

  it("tell of a sign-in: account and client", async () => {
    let accountId = "";
    const lines = await linesOf("sign_in", async () => {
      accountId = (await signInWith(server, rp)).subject;
    });
    expectLine(lines, { outcome: "success", accountId, clientId: client.clientId });
  });

  it("tell of a failed sign-in with the reason that the person does not get, and no name", async () => {
    const attempts: Record<string, { identifier: string; password: string }> = {
      wrong_password: { identifier: "ada", password: "wrong wrong wrong wrong" },
      unknown_account: { identifier: "nobody\r\n\u001b[31mforged", password: "wrong" },
    };
    for (const [reason, fields] of Object.entries(attempts)) {
      const lines = await linesOf("sign_in", async () => {
        const agent = createUserAgent(server.issuer);
        const page = await agent.open((await rp.begin()).url);
        await agent.submit(page, fields, { action: /\/login$/ });
      });
      const line = expectLine(lines, { outcome: "failure", reason, clientId: client.clientId });
      expect(JSON.stringify(line)).to.not.include("forged").and.not.include("wrong wrong");
    }
  });

  it("tell of consent given and refused", async () => {
    const fresh = await createTestClient(server);
    const party = await connect(server, fresh);
    const decide = (decision: string) => async () => {
      const agent = createUserAgent(server.issuer);
      const page = await agent.open((await party.begin({ prompt: "consent" })).url);
      const fields = { identifier: server.username, password: server.password };
      const consent = await agent.submit(page, fields, { action: /\/login$/ });
      await agent.submit(consent, { decision }, { action: /\/consent$/ });
    };
    const { clientId } = fresh;
    const refused = await linesOf("consent", decide("deny"));
    expectLine(refused, { outcome: "failure", clientId, reason: "refused by the person" });
    const given = await linesOf("consent", decide("allow"));
    expectLine(given, { outcome: "success", clientId });
    expect(given.at(-1)?.["scopes"]).to.deep.equal(["openid"]);
  });

  it("tell of tokens issued and refreshed, by which grant and for what", async () => {
    let signedIn: Awaited<ReturnType<typeof signInWith>> | undefined;
    const issued = await linesOf("token.issued", async () => {
      signedIn = await signInWith(server, rp);
    });
    const accountId = signedIn?.subject;
    const who = { outcome: "success", clientId: client.clientId, accountId };
    expectLine(issued, { ...who, grantType: "authorization_code", scope: "openid" });
    const refreshed = await linesOf("token.refreshed", () =>
      rp.refresh(signedIn?.tokens.refresh_token ?? ""),
    );
    expectLine(refreshed, { ...who, grantType: "refresh_token" });
    const machineClient = await createMachineClient(server);
    const machine = await connect(server, machineClient);
    const own = await linesOf("token.issued", () => machine.clientCredentials());
    const { clientId } = machineClient;
    expectLine(own, { outcome: "success", clientId, grantType: "client_credentials" });
  });

  it("tell of tokens revoked: whose, of which kind", async () => {
    const { tokens, subject } = await signInWith(server, rp);
    const who = { outcome: "success", clientId: client.clientId, accountId: subject };
    const refresh = await linesOf("token.revoked", () => rp.revoke(tokens.refresh_token ?? ""));
    expectLine(refresh, { ...who, kind: "RefreshToken" });
    const machineClient = await createMachineClient(server);
    const machine = await connect(server, machineClient);
    const { access_token } = await machine.clientCredentials();
    const own = await linesOf("token.revoked", () => machine.revoke(access_token));
    const { clientId } = machineClient;
    expectLine(own, { outcome: "success", clientId, kind: "ClientCredentials" });
    expect(await linesOf("token.revoked", () => rp.revoke("unknown"))).to.deep.equal([]);
  });

  it("tell of a code or refresh token that came back", async () => {
    const { tokens } = await signInWith(server, rp);
    await rp.refresh(tokens.refresh_token ?? "");
    const replayed = await linesOf("token.replayed", () =>
      refusalOf(rp.refresh(tokens.refresh_token ?? "")),
    );
    expectLine(replayed, { outcome: "failure", clientId: client.clientId });
    const attempt = await rp.begin();
    const { agent } = await signInWith(server, rp);
    const { url } = await agent.open(attempt.url);
    await rp.redeem(attempt, url);
    const code = await linesOf("token.replayed", () => refusalOf(rp.redeem(attempt, url)));
    expectLine(code, { outcome: "failure", clientId: client.clientId });
  });

  it("do not call it a replay when somebody signs out", async () => {
    const { agent } = await signInWith(server, rp);
    const sign = async () =>
      agent.submit(await agent.open(`${server.issuer}/session/end`), { logout: "yes" });
    const start = server.logs.length;
    await sign();
    const events = server.logs.slice(start).map((line) => line["event"]);
    expect(events).to.include("sign_out").and.include("grant.revoked");
    expect(events).to.not.include("token.replayed");
  });

  it("tell of clients that register, change and go, and of refusals", async () => {
    const created = await linesOf("client.registered", () =>
      register(server, { redirect_uris: [REDIRECT_URI] }),
    );
    const line = expectLine(created, { outcome: "success" });
    expect(line["clientId"]).to.be.a("string");
    const refused = await linesOf("client.updated", () =>
      sendMetadata(`${server.issuer}/clients/register`, { redirect_uris: [REDIRECT_URI] }),
    );
    expectLine(refused, { outcome: "failure", action: "create" });
  });

  it("tell of a client that failed to authenticate, with the reason that it does not get", async () => {
    const wrong = { client: { ...client, clientSecret: "wrong" } };
    const url = `${server.issuer}/token`;
    const lines = await linesOf("token.refused", () =>
      postForm(url, { grant_type: "refresh_token", refresh_token: "x" }, wrong),
    );
    const reason = "invalid secret provided";
    expectLine(lines, { outcome: "failure", clientId: client.clientId, reason });
    const other = await linesOf("client_authentication", () =>
      postForm(`${server.issuer}/token/introspect`, { token: "x" }, wrong),
    );
    expectLine(other, { outcome: "failure", clientId: client.clientId, reason });
  });

  it("carry the request's id, which the answer carries too", async () => {
    const start = server.logs.length;
    const answer = await postForm(
      `${server.issuer}/token`,
      { grant_type: "refresh_token", refresh_token: "x" },
      { client },
    );
    const line = server.logs.slice(start).find((each) => each["event"] === "token.refused");
    expect(line?.["requestId"]).to.equal(answer.headers["x-request-id"]);
  });

  it("tell of keys that were made, without them", async () => {
    const made = server.logs.filter((line) => line["event"] === "key.created");
    expect(made).to.have.length(2);
    expect(JSON.stringify(made)).to.not.match(/"d":/);
  });
});
