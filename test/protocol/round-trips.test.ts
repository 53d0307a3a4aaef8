import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { describeOnPostgresAndRedis } from "../support/postgres-and-redis.js";
import { rawRequest } from "../support/raw-request.js";
import { connect, type RelyingParty, type TokenSet } from "../support/relying-party-libraries.js";
import { countRoundTrips, type RoundTripCounter } from "../support/round-trips.js";
import { signInWith } from "../support/sign-in-with.js";
import {
  API,
  createMachineClient,
  createTestApis,
  createTestClient,
  type TestClient,
} from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";
import type { UserAgent } from "../support/user-agent.js";

const DOCUMENTATION = new URL("../../../docs/storage.md", import.meta.url);

/** What each request asks of the stores once it has seen its client and its account. */
const EXPECTED = [
  { flow: "client credentials, JWT", redis: 0, sql: 0 },
  { flow: "client credentials, opaque", redis: 1, sql: 0 },
  { flow: "authorization request of somebody signed in", redis: 2, sql: 1 },
  { flow: "code exchange", redis: 2, sql: 0 },
  { flow: "refresh with rotation", redis: 2, sql: 0 },
  { flow: "userinfo", redis: 1, sql: 0 },
  { flow: "introspection of an opaque token", redis: 1, sql: 0 },
  { flow: "introspection of an unknown token", redis: 0, sql: 0 },
  { flow: "introspection of a machine's JWT", redis: 0, sql: 0 },
  { flow: "introspection of a person's JWT", redis: 1, sql: 0 },
  { flow: "revocation of a refresh token", redis: 2, sql: 1 },
  { flow: "revocation of a machine's JWT", redis: 0, sql: 1 },
] as const;

type Flow = (typeof EXPECTED)[number]["flow"];

describeOnPostgresAndRedis("what a request asks of the stores", (stores) => {
  let server: TestServer;
  let counter: RoundTripCounter;
  let client: TestClient;
  let rp: RelyingParty;
  let agent: UserAgent;
  let tokens: TokenSet;
  let machine: TestClient;
  let queries = 0;

  before(async () => {
    counter = await countRoundTrips(stores().redisUrl);
    server = await startTestServer({
      environment: {
        DATABASE_URL: stores().databaseUrl,
        REDIS_URL: counter.url,
        REDIS_KEY_PREFIX: `test-${randomBytes(6).toString("hex")}`,
        REDIS_SHARED: "true",
      },
    });
    server.database.knex.on("query", ({ sql }: { sql: string }) => {
      // Signing keys are read every 5 s, whatever is asked.
      if (!sql.includes('"signing_key"')) queries++;
    });
    await createTestApis(server);
    machine = await createMachineClient(server);
    client = await createTestClient(server, {}, { firstParty: false });
    rp = await connect(server, client);
    ({ agent, tokens } = await signInWith(server, rp));
  });
  after(async () => {
    await server?.close();
    await counter?.close();
  });

  const post = async (path: string, fields: Record<string, string>, by: TestClient = client) => {
    const answer = await postForm(server.issuer + path, fields, { client: by });
    expect(answer.status).to.equal(200);
    return JSON.parse(answer.body || "{}") as Record<string, unknown>;
  };
  const machineToken = (fields: Record<string, string> = {}) =>
    post("/token", { grant_type: "client_credentials", ...fields }, machine);
  const authorize = async () => {
    const attempt = await rp.begin();
    const { url } = await agent.open(attempt.url);
    return { attempt, code: String(url.searchParams.get("code")) };
  };
  const exchange = ({ attempt, code }: Awaited<ReturnType<typeof authorize>>) =>
    post("/token", {
      grant_type: "authorization_code",
      code,
      redirect_uri: attempt.redirectUri,
      code_verifier: attempt.codeVerifier,
    });

  /** Prepares twice and runs twice: the first run fills the caches. */
  const FLOWS: Record<
    Flow,
    { prepare?: () => Promise<unknown>; run(given: never): Promise<unknown> }
  > = {
    "client credentials, JWT": {
      run: () => machineToken({ resource: API, scope: "orders:read" }),
    },
    "client credentials, opaque": { run: () => machineToken() },
    "authorization request of somebody signed in": { run: authorize },
    "code exchange": { prepare: authorize, run: exchange },
    "refresh with rotation": {
      async run() {
        const refreshed = await post("/token", {
          grant_type: "refresh_token",
          refresh_token: String(tokens.refresh_token),
        });
        tokens = refreshed as unknown as TokenSet;
      },
    },
    userinfo: {
      async run() {
        const headers = { Authorization: `Bearer ${tokens.access_token}` };
        const answer = await rawRequest(`${server.issuer}/me`, { headers });
        expect(answer.status).to.equal(200);
      },
    },
    "introspection of an opaque token": {
      async run() {
        const answer = await post("/token/introspect", { token: tokens.access_token });
        expect(answer).to.include({ active: true });
      },
    },
    "introspection of an unknown token": {
      async run() {
        const answer = await post("/token/introspect", { token: "of some other length" });
        expect(answer).to.deep.equal({ active: false });
      },
    },
    "introspection of a machine's JWT": {
      prepare: () => machineToken({ resource: API, scope: "orders:read" }),
      async run({ access_token: token }: { access_token: string }) {
        const answer = await post("/token/introspect", { token }, machine);
        expect(answer).to.include({ active: true });
      },
    },
    "introspection of a person's JWT": {
      async prepare() {
        const attempt = await rp.begin({ scope: "openid orders:read", resource: API });
        const page = await agent.open(attempt.url);
        const { url } =
          page.status === 200
            ? await agent.submit(page, { decision: "allow" }, { action: /\/consent$/ })
            : page;
        const { refresh_token } = await rp.redeem(attempt, url);
        return rp.refresh(refresh_token ?? "", { resource: API, scope: "orders:read" });
      },
      async run({ access_token: token }: { access_token: string }) {
        const answer = await post("/token/introspect", { token });
        expect(answer).to.include({ active: true });
      },
    },
    "revocation of a machine's JWT": {
      prepare: () => machineToken({ resource: API, scope: "orders:read" }),
      async run({ access_token: token }: { access_token: string }) {
        const fields = { token };
        const answer = await postForm(`${server.issuer}/token/revoke`, fields, { client: machine });
        expect(answer.status).to.equal(200);
      },
    },
    "revocation of a refresh token": {
      async prepare() {
        return exchange(await authorize());
      },
      async run({ refresh_token }: { refresh_token: string }) {
        const fields = { token: refresh_token, token_type_hint: "refresh_token" };
        const answer = await postForm(`${server.issuer}/token/revoke`, fields, { client });
        expect(answer.status).to.equal(200);
      },
    },
  };

  for (const { flow, ...expected } of EXPECTED) {
    it(`${flow}: ${expected.redis} of Redis, ${expected.sql} of SQL`, async () => {
      const { prepare, run } = FLOWS[flow];
      await run((await prepare?.()) as never);
      const given = await prepare?.();
      counter.take();
      queries = 0;
      await run(given as never);
      expect({ redis: counter.take(), sql: queries }).to.deep.equal(expected);
    });
  }

  it("is what docs/storage.md tells", () => {
    const documentation = readFileSync(DOCUMENTATION, "utf8");
    for (const { flow, redis, sql } of EXPECTED) {
      expect(documentation).to.include(`| ${flow} | ${redis} | ${sql} |`);
    }
  });
});
