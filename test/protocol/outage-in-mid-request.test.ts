import { expect } from "chai";
import { LatchkeyError } from "../../src/lib/errors.js";
import { eventually } from "../support/eventually.js";
import { oauthErrorOf } from "../support/raw-request.js";
import { connect } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestClient, type TestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";
import { createUserAgent } from "../support/user-agent.js";

const outage = () =>
  new LatchkeyError("database_unavailable", "The database does not answer.", {
    status: 503,
    retryAfterSeconds: 2,
  });

/** OP-04, FT-15: an honest client sends the same request again after a 503. */
describe("a store that is away for one step of a request", () => {
  let server: TestServer;
  let client: TestClient;
  before(async () => {
    server = await startTestServer();
    client = await createTestClient(server);
  });
  after(() => server.close());

  /** The accounts are read after the code or token was, and before it is used up. */
  async function whileAccountsAreAway<Result>(work: () => Promise<Result>): Promise<Result> {
    const { accounts } = server.app;
    const find = accounts.find.bind(accounts);
    accounts.find = () =>
      Promise.reject(
        new LatchkeyError("database_unavailable", "The database does not answer.", {
          status: 503,
          retryAfterSeconds: 2,
        }),
      );
    try {
      return await work();
    } finally {
      accounts.find = find;
    }
  }

  async function expectUnusedAfterOutage(fields: Record<string, string>): Promise<void> {
    const send = () => postForm(`${server.issuer}/token`, fields, { client });
    const refused = await whileAccountsAreAway(send);
    expect([refused.status, oauthErrorOf(refused)]).to.deep.equal([503, "temporarily_unavailable"]);
    const again = await send();
    expect([again.status, again.body]).to.have.property("0", 200);
    const replayed = await send();
    expect([replayed.status, oauthErrorOf(replayed)]).to.deep.equal([400, "invalid_grant"]);
  }

  it("leaves a code unused that was answered with 503", async () => {
    const rp = await connect(server, client);
    const { agent } = await signInWith(server, rp);
    const { url, codeVerifier, redirectUri } = await rp.begin();
    const { url: callback } = await agent.open(url);
    await expectUnusedAfterOutage({
      grant_type: "authorization_code",
      code: callback.searchParams.get("code") ?? "",
      redirect_uri: redirectUri,
      code_verifier: codeVerifier,
    });
  });

  it("leaves a refresh token unused that was answered with 503", async () => {
    const { tokens } = await signInWith(server, await connect(server, client));
    await expectUnusedAfterOutage({
      grant_type: "refresh_token",
      refresh_token: tokens.refresh_token ?? "",
    });
  });

  it("ends the family of a refresh token that came twice, also when the store fails on the way (RFC 9700 §4.14.2)", async () => {
    const { tokens } = await signInWith(server, await connect(server, client));
    const use = (refreshToken: string) =>
      postForm(
        `${server.issuer}/token`,
        { grant_type: "refresh_token", refresh_token: refreshToken },
        { client },
      );
    const used = tokens.refresh_token ?? "";
    const { body } = await use(used);
    const { refresh_token: newest } = JSON.parse(body) as { refresh_token: string };

    const { models } = server.app;
    const { revokeByGrantId, destroy } = models;
    models.revokeByGrantId = () => Promise.reject(outage());
    models.destroy = (model, id) =>
      model === "Grant" ? Promise.reject(outage()) : destroy.call(models, model, id);
    await use(used);
    Object.assign(models, { revokeByGrantId, destroy });

    // 503 for as long as the first use might have been withdrawn.
    await eventually("a definite answer", async () => (await use(used)).status !== 503);
    const refusal = await use(newest);
    expect([refusal.status, oauthErrorOf(refusal)]).to.deep.equal([400, "invalid_grant"]);
  });

  for (const { isDone, times } of [
    { isDone: true, times: 1 },
    { isDone: false, times: 1 },
    { isDone: false, times: 2 },
  ]) {
    const what = isDone ? "was done and not answered" : "failed";
    it(`keeps the session of a browser whose write ${what}: ${times} of two`, async () => {
      const agent = createUserAgent(server.issuer);
      await signInWith(server, await connect(server, client), { agent });
      const rp = await connect(server, await createTestClient(server));
      const attempt = await rp.begin();
      const consent = await agent.open(attempt.url);
      const restore = failSessionWrites({ server, isDone, times });
      const failed = await agent.submit(consent, { decision: "allow" }, { action: /\/consent$/ });
      restore();
      expect(failed.status).to.equal(503);
      const { url } = await agent.open(attempt.url);
      expect(await rp.redeem(attempt, url)).to.have.property("access_token");
    });
  }
});

/** @returns what ends it. */
function failSessionWrites({
  server,
  isDone,
  times,
}: {
  readonly server: TestServer;
  readonly isDone: boolean;
  readonly times: number;
}): () => void {
  const { models } = server.app;
  const { upsertTogether } = models;
  let failures = 0;
  models.upsertTogether = async (records) => {
    const isSession = records.some(({ model }) => model === "Session");
    if (!isSession || failures >= times) return upsertTogether(records);
    failures++;
    if (isDone) await upsertTogether(records);
    throw outage();
  };
  return () => {
    models.upsertTogether = upsertTogether;
  };
}
