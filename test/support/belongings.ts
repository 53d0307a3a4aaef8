import { eventually } from "./eventually.js";
import { expect } from "chai";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { generateDpopKey, signDpopProof } from "./dpop-proof.js";
import { connect, type RelyingParty } from "./relying-party-libraries.js";
import { signInWith } from "./sign-in-with.js";
import {
  API,
  createMachineClient,
  createTestApis,
  createTestClient,
  type TestClient,
} from "./test-client.js";
import type { TestServer } from "./test-server.js";
import { postForm } from "./token-endpoint.js";
import { authorize, createUserAgent, type Page } from "./user-agent.js";

/** Everything that people, applications and devices hold of a server, in the middle of things. */
export interface Belongings {
  /** Uses all of it up. @throws AssertionError for the first thing that is dead. */
  expectAlive(): Promise<void>;
}

export interface Holders {
  readonly rp: RelyingParty;
  readonly tv: RelyingParty;
  readonly machine: RelyingParty;
  readonly api: RelyingParty;
  readonly client: TestClient;
  readonly machineClient: TestClient;
}

export async function createHolders(server: TestServer): Promise<Holders> {
  await createTestApis(server);
  const client = await createTestClient(server, {}, { firstParty: true });
  const device = await createTestClient(server, {
    grant_types: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: "none",
  });
  const machineClient = await createMachineClient(server);
  return {
    client,
    machineClient,
    rp: await connect(server, client),
    tv: await connect(server, device),
    machine: await connect(server, machineClient),
    api: await connect(server, await createMachineClient(server, {}, { resourceServer: API })),
  };
}

type Check = () => Promise<void>;

export async function createBelongings(server: TestServer, holders: Holders): Promise<Belongings> {
  const checks: readonly [string, Check][] = [
    ["a session and its tokens", await holdSession(server, holders)],
    ["a JWT of a person", await holdPersonsJwt(server, holders)],
    ["a sign-in that has begun", await holdSignIn(server, holders)],
    ["a pushed request", await holdPushedRequest(server, holders)],
    ["a device that waits for its person", await holdDevice(server, holders)],
    ["a device whose person is at the confirmation", await holdConfirmation(server, holders)],
    ["access tokens of a machine", await holdMachineTokens(server, holders)],
    ["a DPoP nonce", await holdNonce(server, holders)],
  ];
  return {
    async expectAlive() {
      for (const [what, check] of checks) {
        await check().catch((err: unknown) => {
          throw new Error(`${what} is dead: ${String(err)}`, { cause: err });
        });
      }
    },
  };
}

async function holdSession(server: TestServer, { rp }: Holders): Promise<Check> {
  const { agent, tokens, subject } = await signInWith(server, rp, {
    parameters: { scope: "openid offline_access", prompt: "consent" },
  });
  const silent = await rp.begin({ prompt: "none" });
  const withCode = await authorize(agent, silent.url, server);
  expect(withCode.searchParams.has("code")).to.equal(true);
  return async () => {
    const again = await rp.begin({ prompt: "none" });
    const answer = await authorize(agent, again.url, server);
    expect(answer.searchParams.get("error")).to.equal(null);
    expect(await rp.userinfo(tokens.access_token, subject)).to.include({ sub: subject });
    expect(await rp.introspect(tokens.access_token)).to.include({ active: true });
    expect(await rp.redeem(silent, withCode)).to.have.property("access_token");
    const refreshed = await rp.refresh(tokens.refresh_token ?? "");
    expect(await rp.userinfo(refreshed.access_token, subject)).to.include({ sub: subject });
    const hint = new URLSearchParams({ id_token_hint: tokens.id_token ?? "" });
    const page = await agent.open(`${server.issuer}/session/end?${hint}`);
    expect(page.html).to.include("You are signed out");
    const ended = await authorize(agent, (await rp.begin({ prompt: "none" })).url, server);
    expect(ended.searchParams.get("error")).to.equal("login_required");
  };
}

/** It names its grant, veiled, without which it is not active. */
async function holdPersonsJwt(server: TestServer, { rp, api }: Holders): Promise<Check> {
  const parameters = { scope: "openid orders:read", resource: API };
  const { tokens } = await signInWith(server, rp, { parameters });
  const { access_token: token } = await rp.refresh(tokens.refresh_token ?? "", { resource: API });
  expect(token.split(".")).to.have.length(3);
  return async () => {
    expect(await api.introspect(token)).to.include({ active: true });
    await rp.revoke(token);
    // The other node may be asked, which hears of it within a second.
    await eventually("the token is revoked at every node", async () => {
      return !(await api.introspect(token)).active;
    });
  };
}

async function holdSignIn(server: TestServer, { rp }: Holders): Promise<Check> {
  const agent = createUserAgent(server.issuer);
  const attempt = await rp.begin();
  const page = await agent.open(attempt.url);
  return async () => {
    const { username: identifier, password } = server;
    const { url } = await agent.submit(page, { identifier, password }, { action: /\/login$/ });
    expect(await rp.redeem(attempt, url)).to.have.property("id_token");
  };
}

async function holdPushedRequest(server: TestServer, { rp }: Holders): Promise<Check> {
  const attempt = await rp.begin({}, { pushed: true });
  return async () => {
    const callback = await authorize(createUserAgent(server.issuer), attempt.url, server);
    expect(await rp.redeem(attempt, callback)).to.have.property("access_token");
  };
}

async function holdDevice(server: TestServer, { tv }: Holders): Promise<Check> {
  const device = await tv.startDevice({ scope: "openid" });
  return async () => {
    const agent = createUserAgent(server.issuer);
    const page = await agent.open(device.verification_uri);
    const confirmation = await agent.submit(page, { user_code: device.user_code });
    await finishDevice(server, agent, confirmation);
    expect(await tv.pollDevice(device.device_code)).to.have.property("access_token");
  };
}

async function holdConfirmation(server: TestServer, { tv }: Holders): Promise<Check> {
  const device = await tv.startDevice({ scope: "openid" });
  const agent = createUserAgent(server.issuer);
  const page = await agent.open(device.verification_uri);
  const confirmation = await agent.submit(page, { user_code: device.user_code });
  return async () => {
    await finishDevice(server, agent, confirmation);
    expect(await tv.pollDevice(device.device_code)).to.have.property("access_token");
  };
}

async function finishDevice(
  server: TestServer,
  agent: ReturnType<typeof createUserAgent>,
  confirmation: Page,
): Promise<void> {
  let page = await agent.submit(confirmation, { confirm: "yes" });
  const { username: identifier, password } = server;
  page = await agent.submit(page, { identifier, password }, { action: /\/login$/ });
  if (/name="decision"/.test(page.html)) {
    page = await agent.submit(page, { decision: "allow" }, { action: /\/consent$/ });
  }
  expect(page.html).to.include("Your device is connected");
}

async function holdMachineTokens(server: TestServer, { machine, rp }: Holders): Promise<Check> {
  const jwt = await machine.clientCredentials({ resource: API, scope: "orders:read" });
  const opaque = await machine.clientCredentials();
  return async () => {
    const keys = createRemoteJWKSet(new URL(`${server.issuer}/jwks`));
    await jwtVerify(jwt.access_token, keys, { issuer: server.issuer, audience: API });
    expect(await machine.introspect(opaque.access_token)).to.include({ active: true });
    expect(await rp.introspect("no token at all")).to.include({ active: false });
  };
}

async function holdNonce(server: TestServer, { machineClient }: Holders): Promise<Check> {
  const keyPair = await generateDpopKey();
  const url = `${server.issuer}/token`;
  const ask = async (nonce: string | undefined) => {
    const proof = await signDpopProof(keyPair, { method: "POST", url, ...(nonce && { nonce }) });
    const fields = { grant_type: "client_credentials" };
    return postForm(url, fields, { client: machineClient, headers: { DPoP: proof } });
  };
  const nonce = String((await ask(undefined)).headers["dpop-nonce"]);
  expect(nonce).to.match(/^[\w-]{43}$/);
  return async () => {
    expect((await ask(nonce)).status).to.equal(200);
    expect((await ask(nonce.split("").toReversed().join(""))).status).to.equal(400);
  };
}
