import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { Client } from "pg";
import type { AccountId } from "../../src/accounts/account.js";
import { describeOnTwoNodes } from "../support/deployments.js";
import { freePort } from "../support/free-port.js";
import { rawRequest, type RawAnswer } from "../support/raw-request.js";
import { connect, type RelyingParty, type TokenSet } from "../support/relying-party-libraries.js";
import { PASSWORD } from "../support/test-server.js";
import type { ServerNode, ServerNodes } from "../support/server-nodes.js";
import { runCli, spawnServer } from "../support/server-process.js";
import { signInWith } from "../support/sign-in-with.js";
import {
  createMachineClient,
  createTestClient,
  REDIRECT_URI,
  type TestClient,
} from "../support/test-client.js";
import { basic } from "../support/token-endpoint.js";
import { authorize, createUserAgent, type UserAgent } from "../support/user-agent.js";

/** What every node owes: a change that was acknowledged counts within a second. */
const WITHIN_MS = 1000;
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/**
 * Asks a node until it answers `expected`, which it must to every request that is sent a second from
 * now or later.
 */
async function becomes(expected: string, ask: () => Promise<string>): Promise<void> {
  const changedAtMs = performance.now();
  let inARow = 0;
  while (inARow < 4) {
    const sentAfterMs = performance.now() - changedAtMs;
    const answer = await ask();
    if (answer === expected) inARow++;
    else if (sentAfterMs < WITHIN_MS) inARow = 0;
    else expect(answer, `${Math.round(sentAfterMs)} ms after the change`).to.equal(expected);
    await delay(5);
  }
}

/** A form at the token endpoint, or with a `token` at the introspection endpoint. */
const post = (node: ServerNode, client: TestClient, fields: Record<string, string>) =>
  node.request("token" in fields ? "/token/introspect" : "/token", {
    method: "POST",
    headers: {
      Authorization: basic(client),
      "Content-Type": "application/x-www-form-urlencoded",
    },
    body: new URLSearchParams(fields).toString(),
  });

function outcomeOf({ status, body }: RawAnswer): string {
  const { error = "" } = JSON.parse(body) as { error?: string };
  return `${status} ${error}`.trim();
}

const machineToken = async (node: ServerNode, client: TestClient, more = {}) =>
  outcomeOf(await post(node, client, { grant_type: "client_credentials", ...more }));

const cookieOf = ({ cookies }: UserAgent) =>
  cookies.map(({ name, value }) => `${name}=${value}`).join("; ");

/** `code`, or the error, of a request that may show no page. */
async function authorization(node: ServerNode, client: TestClient, cookie: string) {
  const request = new URLSearchParams({
    client_id: client.clientId,
    response_type: "code",
    scope: "openid",
    prompt: "none",
    redirect_uri: REDIRECT_URI,
    code_challenge: CHALLENGE,
    code_challenge_method: "S256",
  });
  const { headers } = await node.request(`/auth?${request}`, { headers: { Cookie: cookie } });
  const { searchParams } = new URL(String(headers["location"]));
  return searchParams.get("error") ?? "code";
}

/** By SQL, as with psql. */
async function sql(nodes: ServerNodes, text: string, values: unknown[]): Promise<void> {
  const client = new Client({ connectionString: nodes.environment["DATABASE_URL"] });
  await client.connect();
  try {
    const { rowCount } = await client.query(text, values);
    expect(rowCount).to.equal(1);
  } finally {
    await client.end();
  }
}

async function latchkey(nodes: ServerNodes, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args, { ...nodes.environment });
  expect(code, stderr).to.equal(0);
  return stdout;
}

let names = 0;

describeOnTwoNodes("a change made elsewhere counts within a second", (nodes) => {
  const eachNode = (ask: (node: ServerNode) => Promise<void>) =>
    Promise.all(nodes().nodes.map(ask));

  describe("a client's secret", () => {
    const ways: Record<string, (client: TestClient) => Promise<string | undefined>> = {
      "by another process": async ({ clientId }) =>
        (await nodes().app.clientAdministration.rotateSecret(clientId)).clientSecret,
      "by the command": async ({ clientId }) => {
        const printed = await latchkey(nodes(), ["--json", "client", "rotate-secret", clientId]);
        return (JSON.parse(printed) as { client_secret: string }).client_secret;
      },
      "by SQL": async ({ clientId }) => {
        const other = await createMachineClient(nodes());
        await sql(
          nodes(),
          "update client set secret_hash = (select secret_hash from client where client_id = $2) where client_id = $1",
          [clientId, other.clientId],
        );
        return other.clientSecret;
      },
    };
    for (const [way, change] of Object.entries(ways)) {
      it(`changed ${way}: the old one is refused, the new one taken`, async () => {
        const client = await createMachineClient(nodes());
        for (const node of nodes().nodes) {
          expect(await machineToken(node, client)).to.equal("200");
        }
        const renewed = { ...client, clientSecret: await change(client) };
        await eachNode((node) => becomes("401 invalid_client", () => machineToken(node, client)));
        await eachNode((node) => becomes("200", () => machineToken(node, renewed)));
      });
    }
  });

  describe("a client that is deleted", () => {
    const ways: Record<string, (clientId: string) => Promise<unknown>> = {
      "by another process": (clientId) => nodes().app.clientAdministration.delete(clientId),
      "by the command": (clientId) => latchkey(nodes(), ["client", "delete", clientId]),
      "by SQL": (clientId) => sql(nodes(), "delete from client where client_id = $1", [clientId]),
    };
    for (const [way, end] of Object.entries(ways)) {
      it(`${way} gets nothing any more, nor do its tokens`, async () => {
        const client = await createTestClient(nodes());
        const { tokens } = await signInWith(nodes(), await connect(nodes(), client));
        const refresh = async (node: ServerNode) =>
          outcomeOf(
            await post(node, client, {
              grant_type: "refresh_token",
              refresh_token: tokens.refresh_token ?? "",
            }),
          );
        await eachNode((node) => becomes("200", () => userinfo(node, tokens)));
        await end(client.clientId);
        await eachNode((node) => becomes("401 invalid_client", () => refresh(node)));
        await eachNode((node) => becomes("401", () => userinfo(node, tokens)));
      });
    }
  });

  describe("an account that is disabled", () => {
    const ways: Record<string, (person: Person) => Promise<unknown>> = {
      "by another process": ({ id }) => nodes().app.accounts.setDisabled(id, true),
      "by the command": ({ username }) => latchkey(nodes(), ["account", "disable", username]),
      "by SQL": ({ id }) => sql(nodes(), "update account set disabled = true where id = $1", [id]),
    };
    for (const [way, disable] of Object.entries(ways)) {
      it(`${way} has no session, code, refresh token, userinfo or active token`, async () => {
        const person = await createPerson();
        const client = await createTestClient(nodes());
        const rp = await connect(nodes(), client);
        const { agent, tokens } = await signIn(rp, person);
        const attempts = [await rp.begin(), await rp.begin()];
        const callbacks: URL[] = [];
        for (const { url } of attempts) callbacks.push((await agent.open(url)).url);
        const cookie = cookieOf(agent);
        await eachNode((node) => becomes("code", () => authorization(node, client, cookie)));
        await eachNode((node) => becomes("200", () => userinfo(node, tokens)));
        await eachNode((node) => becomes("true", () => active(node, client, tokens)));

        await disable(person);
        const refused = (fields: Record<string, string>) => (node: ServerNode) =>
          becomes("400 invalid_grant", async () => outcomeOf(await post(node, client, fields)));
        await eachNode((node) => becomes("401", () => userinfo(node, tokens)));
        await eachNode((node) => becomes("false", () => active(node, client, tokens)));
        await eachNode((node) =>
          becomes("login_required", () => authorization(node, client, cookie)),
        );
        for (const [turn, node] of nodes().nodes.entries()) {
          await refused({
            grant_type: "authorization_code",
            redirect_uri: REDIRECT_URI,
            code: callbacks[turn]?.searchParams.get("code") ?? "",
            code_verifier: attempts[turn]?.codeVerifier ?? "",
          })(node);
        }
        await eachNode(
          refused({ grant_type: "refresh_token", refresh_token: tokens.refresh_token ?? "" }),
        );
      });
    }

    it("is let in again within a second of being enabled", async () => {
      const person = await createPerson();
      const client = await createTestClient(nodes());
      const { agent } = await signIn(await connect(nodes(), client), person);
      const cookie = cookieOf(agent);
      await nodes().app.accounts.setDisabled(person.id, true);
      await eachNode((node) =>
        becomes("login_required", () => authorization(node, client, cookie)),
      );
      await nodes().app.accounts.setDisabled(person.id, false);
      await eachNode((node) => becomes("code", () => authorization(node, client, cookie)));
    });
  });

  it("a client that is first-party no more: people are asked", async () => {
    const client = await createTestClient(nodes(), {}, { firstParty: true });
    const agent = createUserAgent(nodes().issuer);
    const rp = await connect(nodes(), client);
    await authorize(agent, (await rp.begin()).url, nodes());
    const request = async (node: ServerNode, scope: string) => {
      const query = new URLSearchParams({
        client_id: client.clientId,
        response_type: "code",
        scope,
        prompt: "none",
        redirect_uri: REDIRECT_URI,
        code_challenge: CHALLENGE,
        code_challenge_method: "S256",
      });
      const headers = { Cookie: cookieOf(agent) };
      const answer = await node.request(`/auth?${query}`, { headers });
      const { searchParams } = new URL(String(answer.headers["location"]));
      return searchParams.get("error") ?? "code";
    };
    await eachNode((node) => becomes("code", () => request(node, "openid email")));
    await sql(nodes(), "update client set first_party = false where client_id = $1", [
      client.clientId,
    ]);
    // What this session was granted before stays; anything else is asked for.
    await eachNode((node) => becomes("consent_required", () => request(node, "openid phone")));
    await sql(nodes(), "update client set first_party = true where client_id = $1", [
      client.clientId,
    ]);
    await eachNode((node) => becomes("code", () => request(node, "openid phone")));
  });

  it("an API that is deleted: no tokens for it", async () => {
    const client = await createMachineClient(nodes());
    const ways: ((resource: string) => Promise<unknown>)[] = [
      (resource) => nodes().app.resourceServers.delete(resource),
      (resource) => latchkey(nodes(), ["api", "delete", resource]),
      (resource) => sql(nodes(), "delete from resource_server where identifier = $1", [resource]),
    ];
    for (const [turn, end] of ways.entries()) {
      const resource = `https://api.example.com/${turn}`;
      await latchkey(nodes(), ["api", "create", resource, "--open", "--scope", "read=Read"]);
      await eachNode((node) => becomes("200", () => machineToken(node, client, { resource })));
      await end(resource);
      await eachNode((node) =>
        becomes("400 invalid_target", () => machineToken(node, client, { resource })),
      );
    }
  });

  it("what an API allows a client, and which API is the default", async () => {
    const client = await createMachineClient(nodes());
    const resource = "https://api.example.com/listed";
    await latchkey(nodes(), ["api", "create", resource, "--scope", "read=Read"]);
    const named = (node: ServerNode) => machineToken(node, client, { resource });
    await eachNode((node) => becomes("400 invalid_target", () => named(node)));
    await latchkey(nodes(), ["api", "allow", resource, client.clientId]);
    await eachNode((node) => becomes("200", () => named(node)));

    const byDefault = async (node: ServerNode) => {
      const { body } = await post(node, client, { grant_type: "client_credentials" });
      const { access_token } = JSON.parse(body) as { access_token: string };
      return access_token.includes(".") ? "JWT" : "opaque";
    };
    await eachNode((node) => becomes("opaque", () => byDefault(node)));
    await latchkey(nodes(), ["api", "update", resource, "--default"]);
    await eachNode((node) => becomes("JWT", () => byDefault(node)));
    await latchkey(nodes(), ["api", "disallow", resource, client.clientId]);
    await eachNode((node) => becomes("400 invalid_target", () => named(node)));
    await eachNode((node) => becomes("opaque", () => byDefault(node)));
  });

  it("also while the connection that tells of changes is cut again and again", async () => {
    let cutting = true;
    let cuts = 0;
    const cutter = (async () => {
      while (cutting) {
        const { rows } = await nodes().database.knex.raw(
          "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'latchkey changes'",
        );
        cuts += rows.length;
        await delay(20);
      }
    })();
    try {
      for (let round = 0; round < 10; round++) {
        const client = await createMachineClient(nodes());
        for (const node of nodes().nodes) {
          expect(await machineToken(node, client)).to.equal("200");
        }
        await nodes().app.clientAdministration.rotateSecret(client.clientId);
        await eachNode((node) => becomes("401 invalid_client", () => machineToken(node, client)));
      }
    } finally {
      cutting = false;
      await cutter;
    }
    expect(cuts).to.be.above(10);
  });

  it("also at a node that stood still meanwhile, and finds the request waiting", async () => {
    const port = await freePort();
    const environment = { ...nodes().environment, NODE_ENV: "production", PORT: String(port) };
    const server = await spawnServer(environment);
    const node = nodeAt(port);
    try {
      for (let round = 0; round < 3; round++) {
        const client = await createMachineClient(nodes());
        expect(await machineToken(node, client)).to.equal("200");
        server.child.kill("SIGSTOP");
        await nodes().app.clientAdministration.rotateSecret(client.clientId);
        await delay(WITHIN_MS);
        const answers = Array.from({ length: 5 }, () => machineToken(node, client));
        await delay(50);
        server.child.kill("SIGCONT");
        expect(new Set(await Promise.all(answers))).to.deep.equal(new Set(["401 invalid_client"]));
      }
    } finally {
      server.child.kill("SIGCONT");
      await server.stop("SIGTERM");
    }
  });

  interface Person {
    readonly id: AccountId;
    readonly username: string;
    readonly password: string;
  }

  async function createPerson(): Promise<Person> {
    const username = `person-${names++}`;
    const { id } = await nodes().app.createAccount({
      username,
      email: undefined,
      emailVerified: false,
      profile: {},
      password: PASSWORD,
    });
    return { id, username, password: PASSWORD };
  }

  async function signIn(rp: RelyingParty, person: Person) {
    const attempt = await rp.begin();
    const agent = createUserAgent(nodes().issuer);
    const callback = await authorize(agent, attempt.url, person);
    return { agent, tokens: await rp.redeem(attempt, callback) };
  }

  const userinfo = async (node: ServerNode, { access_token: token }: TokenSet) =>
    String((await node.request("/me", { headers: { Authorization: `Bearer ${token}` } })).status);

  async function active(node: ServerNode, client: TestClient, { access_token: token }: TokenSet) {
    const { body } = await post(node, client, { token });
    return String((JSON.parse(body) as { active: boolean }).active);
  }

  function nodeAt(port: number): ServerNode {
    const [first] = nodes().nodes;
    if (first === undefined) throw new Error("no node");
    const { host } = new URL(nodes().issuer);
    return {
      ...first,
      request: (path, { headers = {}, ...rest } = {}) =>
        rawRequest(`http://127.0.0.1:${port}${path}`, {
          headers: { Host: host, ...headers },
          ...rest,
        }),
    };
  }
});
