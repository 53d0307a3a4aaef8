import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { startLogoutReceiver, type LogoutReceiver } from "../support/logout-receiver.js";
import { describeOnPostgresAndRedis } from "../support/postgres-and-redis.js";
import { rawRequest, type RawRequest } from "../support/raw-request.js";
import { LIBRARIES, type RelyingParty } from "../support/relying-party-libraries.js";
import { runCli } from "../support/server-process.js";
import { startServerNodes } from "../support/server-nodes.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestClient, type TestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type UserAgent } from "../support/user-agent.js";

type Ask = (path: string, request?: RawRequest) => Promise<{ status: number; body: string }>;

/** A server with one way to ask each of its nodes. */
interface Deployment {
  readonly server: TestServer;
  readonly nodes: readonly Ask[];
  /** Runs an operator's command beside it. */
  readonly latchkey: (args: string, input?: string) => ReturnType<typeof runCli>;
}

/** What one browser has at one application. */
interface Access {
  readonly opaque: string;
  readonly jwt: string;
  readonly refresh: string;
  readonly sid: string;
  readonly client: TestClient;
}

interface Browser {
  readonly agent: UserAgent;
  readonly accesses: readonly Access[];
}

/** Of `startTestServer`. */
const SECRET = "a test secret of more than thirty-two characters";
const SETTINGS = { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1", DEMONSTRATION_DATA: "false" };

describe("sessions that end, with two applications and two browsers, on SQLite", () => {
  describeEndings(async () => {
    const server = await startTestServer({
      embedded: true,
      environment: SETTINGS,
      deliversLogouts: true,
    });
    const { dataDirectory, issuer } = server.config;
    const environment = { DATA_DIR: dataDirectory, ISSUER: issuer, SECRET_KEY: SECRET };
    return {
      server,
      nodes: [(path, request) => rawRequest(server.issuer + path, request)],
      latchkey: (args, input) => runCli(args.split(" "), environment, input),
    };
  });
});

describeOnPostgresAndRedis(
  "sessions that end, with two applications, two browsers and two nodes, on PostgreSQL and Redis",
  (stores) => {
    describeEndings(async () => {
      const nodes = await startServerNodes({
        environment: {
          ...SETTINGS,
          NODE_ENV: "development",
          DATABASE_URL: stores().databaseUrl,
          REDIS_URL: stores().redisUrl,
        },
      });
      return {
        server: nodes,
        nodes: nodes.nodes.map(
          (node): Ask =>
            (path, request) =>
              node.request(path, request),
        ),
        latchkey: (args, input) => runCli(args.split(" "), nodes.environment, input),
      };
    });
  },
);

function describeEndings(start: () => Promise<Deployment>): void {
  let deployment: Deployment;
  let receivers: LogoutReceiver[];
  let applications: { readonly client: TestClient; readonly rp: RelyingParty }[];

  before(async function () {
    this.timeout(180_000);
    deployment = await start();
    const { server } = deployment;
    await server.app.resourceServers.create({
      identifier: `${server.issuer}/protected-resource`,
      name: "Example",
      scopes: { "example:read": "Read" },
      accessTokenFormat: "jwt",
      open: true,
    });
  });
  beforeEach(async () => {
    const { server } = deployment;
    receivers = [];
    applications = [];
    for (const { connect } of LIBRARIES) {
      const receiver = await startLogoutReceiver({ issuer: server.issuer });
      const client = await createTestClient(server, {
        backchannel_logout_uri: receiver.uri,
        backchannel_logout_session_required: true,
      });
      receivers.push(receiver);
      applications.push({ client, rp: await connect(server, client) });
    }
  });
  afterEach(() => Promise.all(receivers.map((receiver) => receiver.close())));
  after(async function () {
    this.timeout(180_000);
    await deployment?.server.close();
  });

  async function openBrowser(parameters: Record<string, string> = {}): Promise<Browser> {
    const { server } = deployment;
    const agent = createUserAgent(server.issuer);
    const accesses: Access[] = [];
    for (const { client, rp } of applications) {
      const { tokens } = await signInWith(server, rp, { agent, parameters });
      const resource = `${server.issuer}/protected-resource`;
      const scope = `${parameters["scope"] ?? "openid"} example:read`;
      const api = await signInWith(server, rp, {
        agent,
        parameters: { ...parameters, scope, resource },
      });
      accesses.push({
        opaque: tokens.access_token,
        jwt: api.tokens.access_token,
        refresh: String(tokens.refresh_token),
        sid: String(tokens.claims?.["sid"]),
        client,
      });
    }
    return { agent, accesses };
  }

  /** What each node says of everything that a browser's applications have; refresh is tried last. */
  async function inspect({ accesses }: Browser): Promise<Set<string>> {
    const seen = new Set<string>();
    for (const { client, opaque, jwt, refresh } of accesses) {
      const credentials = `Basic ${btoa(`${client.clientId}:${client.clientSecret}`)}`;
      const form = (fields: Record<string, string>): RawRequest => ({
        method: "POST",
        headers: {
          Authorization: credentials,
          "Content-Type": "application/x-www-form-urlencoded",
        },
        body: new URLSearchParams(fields).toString(),
      });
      for (const ask of deployment.nodes) {
        const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });
        seen.add(`userinfo ${(await ask("/me", bearer(opaque))).status}`);
        seen.add(`API ${(await ask("/protected-resource", bearer(jwt))).status}`);
        for (const token of [opaque, jwt, refresh]) {
          const { body } = await ask("/token/introspect", form({ token }));
          seen.add(`active ${JSON.parse(body).active}`);
        }
        const { body } = await ask("/session/status", bearer(opaque));
        seen.add(`session ${JSON.parse(body).active}`);
      }
      const fields = { grant_type: "refresh_token", refresh_token: refresh };
      for (const ask of deployment.nodes) {
        const { status } = await ask("/token", form(fields));
        if (status === 200) seen.add("refresh 200");
        else if (!seen.has("refresh 200")) seen.add(`refresh ${status}`);
        if (status === 200) break;
      }
    }
    return seen;
  }

  const ALIVE = ["userinfo 200", "API 200", "active true", "session true", "refresh 200"];
  const ENDED = ["userinfo 401", "API 401", "active false", "session false", "refresh 400"];

  function invalidate(browser: Browser, body: unknown) {
    const { server, nodes } = deployment;
    const [ask = () => Promise.reject(new Error("no node"))] = nodes;
    return ask("/session/invalidate", {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Origin: new URL(server.issuer).origin,
        Cookie: cookieOf(browser),
      },
      body: JSON.stringify(body),
    });
  }

  async function handleOf(browser: Browser): Promise<string> {
    const ask = deployment.nodes.at(-1);
    const answer = await ask?.("/session/status", { headers: { Cookie: cookieOf(browser) } });
    return JSON.parse(answer?.body ?? "{}").session;
  }

  /** Each application was told of each of these sessions once, and of no other. */
  async function expectTold(...browsers: Browser[]): Promise<void> {
    for (const [index, receiver] of receivers.entries()) {
      const sids = browsers.map(({ accesses }) => accesses[index]?.sid);
      await eventually("it was told", () => receiver.accepted.length >= sids.length);
      const told = receiver.accepted.map(({ payload }) => payload["sid"]);
      expect(told).to.have.members(sids);
      expect([receiver.requests(), receiver.invalid]).to.deep.equal([sids.length, []]);
    }
  }

  it("end one by one: all of it is refused at every node, and the other browser keeps everything", async function () {
    this.timeout(180_000);
    const [one, other] = [await openBrowser(), await openBrowser()];
    expect((await invalidate(other, { session: await handleOf(one) })).status).to.equal(200);
    expect([...(await inspect(one))]).to.have.members(ENDED);
    expect([...(await inspect(other))]).to.have.members(ALIVE);
    await expectTold(one);
  });

  it("end all but the current one, offline access included", async function () {
    this.timeout(180_000);
    const offline = { scope: "openid offline_access", prompt: "consent" };
    const [current, other] = [await openBrowser(), await openBrowser(offline)];
    const answer = await invalidate(current, { all: true, keep_current: true });
    expect(answer.status).to.equal(200);
    expect([...(await inspect(other))]).to.have.members(ENDED);
    expect([...(await inspect(current))]).to.have.members(ALIVE);
    await expectTold(other);
  });

  it("end all", async function () {
    this.timeout(180_000);
    const browsers = [await openBrowser(), await openBrowser()];
    const [first] = browsers;
    if (first === undefined) throw new Error("no browser");
    expect((await invalidate(first, { all: true })).status).to.equal(200);
    for (const browser of browsers) expect([...(await inspect(browser))]).to.have.members(ENDED);
    await expectTold(...browsers);
  });

  it("end all when a command sets another password, which opens no Redis (ASVS 7.4.3)", async function () {
    this.timeout(180_000);
    const { latchkey, server } = deployment;
    const offline = { scope: "openid offline_access", prompt: "consent" };
    const browsers = [await openBrowser(), await openBrowser(offline)];
    const { code } = await latchkey("account set-password ada", `${server.password}\n`);
    expect(code).to.equal(0);
    for (const browser of browsers) expect([...(await inspect(browser))]).to.have.members(ENDED);
    await expectTold(...browsers);
  });

  it("are listed and ended by command", async function () {
    this.timeout(180_000);
    const { latchkey } = deployment;
    const browser = await openBrowser();
    const handle = await handleOf(browser);
    const listed = await latchkey("session list ada --json");
    expect(JSON.parse(listed.stdout)[0]).to.include({ session: handle });
    expect((await latchkey(`session end ${handle}`)).code).to.equal(0);
    expect((await latchkey(`session end ${handle}`)).code).to.equal(1);
    expect((await latchkey("session end")).code).to.equal(2);
    expect([...(await inspect(browser))]).to.have.members(ENDED);
    await expectTold(browser);
    expect((await latchkey("session end --all ada")).code).to.equal(0);
  });
}

function cookieOf({ agent }: Browser): string {
  return agent.cookies
    .filter(({ name }) => name.startsWith("latchkey_session"))
    .map(({ name, value }) => `${name}=${value}`)
    .join("; ");
}
