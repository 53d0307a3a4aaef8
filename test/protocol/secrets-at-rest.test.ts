import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { generateDpopKey } from "../support/dpop-proof.js";
import { register } from "../support/registration-endpoint.js";
import { connect, LIBRARIES } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import { laterBy } from "../support/shift-time.js";
import { createTestKey } from "../support/test-key.js";
import {
  API,
  OPAQUE_API,
  REDIRECT_URI,
  createMachineClient,
  createTestApis,
  createTestClient,
} from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { authorize, createUserAgent, type UserAgent } from "../support/user-agent.js";

const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";

/**
 * TK-09, TK-10, ASVS 11.5.1, 14.2.1: whoever reads the database, a copy of its file or the log
 * holds nothing that opens anything.
 */
describe("secrets at rest and in the log", () => {
  let server: TestServer;
  const secrets = new Map<string, string>();
  let files: Map<string, Buffer>;

  before(async () => {
    server = await startTestServer();
    await createTestApis(server);
    keep("password", server.password);
    await signInAndRefresh();
    await machines();
    await pushedAndPending();
    await deviceFlow();
    await registration();
    files = await readDataDirectory();
  });
  after(() => server.close());

  it("finds what is stored by intention, so that the search can be trusted", async () => {
    expect(secrets.size).to.be.greaterThan(20);
    expect([...files.keys()]).to.include("latchkey.sqlite");
    expect(findIn(files, "ada@example.com")).to.not.deep.equal([]);
    expect(findIn(files, "acct_")).to.not.deep.equal([]);
    expect(logText()).to.include('"event":"token.issued"').and.include('"event":"sign_in"');
  });

  it("keeps none in the bytes of the database files, deleted rows included", () => {
    for (const [name, secret] of secrets) {
      for (const [spelling, text] of spellings(secret)) {
        expect(findIn(files, text), `${name} (${spelling})`).to.deep.equal([]);
      }
    }
  });

  it("writes none to the log", () => {
    const text = logText();
    for (const [name, secret] of secrets) {
      for (const [spelling, value] of spellings(secret)) {
        expect(text.includes(value), `${name} (${spelling})`).to.equal(false);
      }
    }
  });

  it("writes no member of a private key, neither to files nor to the log", () => {
    const everything = `${logText()}${[...files.values()].map((file) => file.toString("latin1")).join("")}`;
    expect(everything).to.not.match(/"(d|p|q|dp|dq|qi)"\s*:\s*"[\w-]{20,}"/);
    expect(everything).to.not.include("PRIVATE KEY");
  });

  it("stores the data in files for their owner only", async () => {
    for (const name of files.keys()) {
      const { mode } = await stat(join(server.config.dataDirectory, name));
      expect([name, mode & 0o077]).to.deep.equal([name, 0]);
    }
  });

  function keep(name: string, secret: string | undefined): void {
    if (secret === undefined || secret.length < 8) throw new Error(`no ${name}`);
    secrets.set(name, secret);
  }

  function keepCookies(of: string, agent: UserAgent): void {
    for (const { name, value } of agent.cookies) {
      // The request's copy is sealed, and the interaction's id stands in its address.
      if (name.endsWith("session")) keep(`${of}: cookie ${name}`, value);
    }
  }

  async function signInAndRefresh(): Promise<void> {
    for (const library of LIBRARIES) {
      const client = await createTestClient(server);
      keep(`${library.name}: client secret`, client.clientSecret);
      const rp = await library.connect(server, client);
      const { agent, tokens, callback, subject } = await signInWith(server, rp, {
        parameters: { scope: "openid email offline_access", prompt: "consent" },
      });
      keep(`${library.name}: code`, callback.searchParams.get("code") ?? undefined);
      keep(`${library.name}: access token`, tokens.access_token);
      keep(`${library.name}: refresh token`, tokens.refresh_token);
      keep(`${library.name}: ID token`, tokens.id_token);
      keepCookies(library.name, agent);
      const next = await rp.refresh(tokens.refresh_token ?? "");
      keep(`${library.name}: rotated refresh token`, next.refresh_token);
      keep(`${library.name}: second access token`, next.access_token);
      await rp.userinfo(next.access_token, subject);
      await rp.introspect(next.access_token);
      await rp.refresh(tokens.refresh_token ?? "").catch(() => undefined);
      await rp.revoke(next.access_token);
    }
  }

  async function machines(): Promise<void> {
    const client = await createMachineClient(server);
    keep("machine secret", client.clientSecret);
    const machine = await connect(server, client, { dpop: await generateDpopKey() });
    for (const resource of [API, OPAQUE_API]) {
      const parameters = { resource, scope: "orders:read" };
      const { access_token } = await machine.clientCredentials(parameters);
      keep(`token for ${resource}`, access_token);
    }
    const rotated = await server.app.clientAdministration.rotateSecret(client.clientId);
    keep("rotated secret", rotated.clientSecret);
    const key = await createTestKey();
    const signer = await createMachineClient(server, {
      token_endpoint_auth_method: "private_key_jwt",
      jwks: key.jwks,
    });
    const signed = await connect(server, signer, { authentication: key });
    keep("token of a signer", (await signed.clientCredentials()).access_token);
  }

  /** Requests that are pushed, under way, waiting for consent, or have a code that nobody fetched. */
  async function pushedAndPending(): Promise<void> {
    const rp = await connect(server, await createTestClient(server));
    const pushed = await rp.begin({}, { pushed: true });
    const uri = pushed.url.searchParams.get("request_uri") ?? "";
    keep("pushed request", uri.split(":").at(-1));
    const agent = createUserAgent(server.issuer);
    const login = await agent.open(pushed.url);
    const fields = { identifier: server.username, password: server.password };
    await agent.submit(login, fields, { action: /\/login$/ });
    keepCookies("pending", agent);
    const attempt = await rp.begin();
    const callback = await authorize(createUserAgent(server.issuer), attempt.url, server);
    keep("code that nobody fetched", callback.searchParams.get("code") ?? undefined);
  }

  async function deviceFlow(): Promise<void> {
    const client = await createTestClient(server, {
      grant_types: [DEVICE_GRANT, "refresh_token"],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: "none",
    });
    const tv = await connect(server, client);
    const pending = await tv.startDevice();
    keep("device code that waits", pending.device_code);
    await tv.pollDevice(pending.device_code).catch(() => undefined);
    const device = await tv.startDevice();
    keep("device code", device.device_code);
    const agent = createUserAgent(server.issuer);
    const entered = await agent.submit(await agent.open(device.verification_uri), {
      user_code: device.user_code,
    });
    const login = await agent.submit(entered, { confirm: "yes" });
    const fields = { identifier: server.username, password: server.password };
    const consent = await agent.submit(login, fields, { action: /\/login$/ });
    await agent.submit(consent, { decision: "allow" }, { action: /\/consent$/ });
    keepCookies("device", agent);
    const tokens = await laterBy(5, () => tv.pollDevice(device.device_code));
    keep("device's access token", tokens.access_token);
    keep("device's refresh token", tokens.refresh_token);
  }

  async function registration(): Promise<void> {
    const initial = await server.app.clientAdministration.createInitialAccessToken(undefined);
    keep("initial access token", initial);
    const client = await register(server, { redirect_uris: [REDIRECT_URI] });
    keep("registered secret", client.clientSecret);
    keep("registration access token", client.registrationToken);
  }

  async function readDataDirectory(): Promise<Map<string, Buffer>> {
    const { dataDirectory } = server.config;
    const found = new Map<string, Buffer>();
    for (const name of await readdir(dataDirectory)) {
      found.set(name, await readFile(join(dataDirectory, name)));
    }
    return found;
  }

  const logText = () => server.logs.map((line) => JSON.stringify(line)).join("\n");
});

/** The secret as it is, and as a store or log might have turned it without protecting it. */
function spellings(secret: string): [string, string][] {
  const bytes = Buffer.from(secret);
  return [
    ["as it is", secret],
    ["base64", bytes.toString("base64").replace(/=+$/, "")],
    ["base64url", bytes.toString("base64url")],
    ["hex", bytes.toString("hex")],
    ["URL-encoded", encodeURIComponent(secret)],
  ];
}

function findIn(files: Map<string, Buffer>, text: string): string[] {
  return [...files].filter(([, file]) => file.includes(text)).map(([name]) => name);
}
