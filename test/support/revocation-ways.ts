import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from "jose";
import type { AccountId } from "../../src/accounts/account.js";
import { removeDemonstration } from "../../src/commands/demonstration-commands.js";
import { protectedResourceIdentifier } from "../../src/demonstration/create-demonstration.js";
import {
  AccessTokenError,
  createAccessTokenVerifier,
  type RevocationOptions,
} from "../../src/verify/index.js";
import { refusalOf } from "./oauth-error.js";
import { rawRequest, type RawAnswer, type RawRequest } from "./raw-request.js";
import {
  connect,
  type Attempt,
  type RelyingParty,
  type TokenSet,
} from "./relying-party-libraries.js";
import { fetchStatusList, statusReferenceOf } from "./status-list.js";
import { createMachineClient, createTestClient, type TestClient } from "./test-client.js";
import { PASSWORD, type TestServer } from "./test-server.js";
import { basic } from "./token-endpoint.js";
import { authorize, createUserAgent, type UserAgent } from "./user-agent.js";

/** Asks one node. */
export type Ask = (path: string, request?: RawRequest) => Promise<RawAnswer>;

/** A person who is signed in at an application that holds each kind of token, and an API. */
export interface Belongings {
  readonly server: TestServer;
  readonly accountId: AccountId;
  readonly agent: UserAgent;
  readonly client: TestClient;
  readonly rp: RelyingParty;
  /** Undefined for a machine. */
  readonly attempt: Attempt | undefined;
  readonly callback: URL | undefined;
  /** For the API. */
  readonly jwt: string;
  /** What the API has exchanged that for (RFC 8693), a JWT for another API. */
  readonly exchanged: string;
  /** For userinfo; undefined for a machine. */
  readonly opaque: string | undefined;
  /** Used, and the one that took its place. */
  readonly refreshTokens: readonly string[];
  readonly api: TestClient;
}

export interface WayToRevoke {
  readonly of: "person" | "machine";
  /** Whether the stored tokens and the grant end with it, too. */
  readonly endsGrant: boolean;
  revoke(given: Belongings): Promise<unknown>;
}

export interface WayToCheck {
  /** Only where there is such a thing. */
  appliesTo(given: Belongings, way: WayToRevoke): boolean;
  isAlive(ask: Ask, given: Belongings): Promise<boolean>;
}

const refused = async (call: Promise<unknown>) =>
  expect(await refusalOf(call)).to.include({ error: "invalid_grant" });

/** By what is done. */
export const WAYS_TO_REVOKE: Readonly<Record<string, WayToRevoke>> = {
  "the token itself, at the revocation endpoint": {
    of: "person",
    endsGrant: true,
    revoke: ({ rp, jwt }) => rp.revoke(jwt),
  },
  "the token of a machine": {
    of: "machine",
    endsGrant: false,
    revoke: ({ rp, jwt }) => rp.revoke(jwt),
  },
  "the refresh token": {
    of: "person",
    endsGrant: true,
    revoke: ({ rp, refreshTokens }) => rp.revoke(refreshTokens.at(-1) ?? ""),
  },
  "the opaque access token of the same grant": {
    of: "person",
    endsGrant: true,
    revoke: ({ rp, opaque }) => rp.revoke(opaque ?? ""),
  },
  "a refresh token that is used twice": {
    of: "person",
    endsGrant: true,
    revoke: ({ rp, refreshTokens }) => refused(rp.refresh(refreshTokens[0] ?? "")),
  },
  "a code that is used twice": {
    of: "person",
    endsGrant: true,
    revoke: ({ rp, attempt, callback }) => refused(rp.redeem(attempt!, callback!)),
  },
  "consent, withdrawn": {
    of: "person",
    endsGrant: true,
    revoke: ({ server, accountId, client }) =>
      server.app.endAccess.ofConsent(accountId, client.clientId),
  },
  "the session, by signing out": {
    of: "person",
    endsGrant: true,
    async revoke({ server, agent }) {
      const page = await agent.open(`${server.issuer}/session/end`);
      const done = await agent.submit(page, { logout: "yes" });
      expect(done.url.pathname).to.equal("/session/end/success");
    },
  },
  "the account, disabled": {
    of: "person",
    endsGrant: true,
    revoke: ({ server, accountId }) => server.app.setDisabled(accountId, true),
  },
  "the account, disabled and enabled again": {
    of: "person",
    endsGrant: true,
    async revoke({ server, accountId }) {
      await server.app.setDisabled(accountId, true);
      await server.app.setDisabled(accountId, false);
    },
  },
  "the password, changed": {
    of: "person",
    endsGrant: true,
    revoke: ({ server, accountId }) => server.app.setPassword(accountId, `${PASSWORD} changed`),
  },
  "the account, signed out by an administrator": {
    of: "person",
    endsGrant: true,
    revoke: ({ server, accountId }) => server.app.endAccess.ofAccount(accountId),
  },
  "the client's tokens, by an administrator": {
    of: "person",
    endsGrant: true,
    revoke: ({ server, client }) => server.app.endAccess.ofClient(client.clientId),
  },
  "the machine's tokens, by an administrator": {
    of: "machine",
    endsGrant: false,
    revoke: ({ server, client }) => server.app.endAccess.ofClient(client.clientId),
  },
  "the client, deleted": {
    of: "person",
    endsGrant: true,
    revoke: ({ server, client }) => server.app.clientAdministration.delete(client.clientId),
  },
  "the machine, deleted": {
    of: "machine",
    endsGrant: false,
    revoke: ({ server, client }) => server.app.clientAdministration.delete(client.clientId),
  },
  "the client, deleted by itself (RFC 7592 §2.3)": {
    of: "person",
    endsGrant: true,
    revoke: ({ server, client }) => deleteItself(server, client),
  },
  "the machine, deleted by itself": {
    of: "machine",
    endsGrant: false,
    revoke: ({ server, client }) => deleteItself(server, client),
  },
  "what was made for demonstration, removed": {
    of: "person",
    endsGrant: true,
    async revoke({ server, accountId, client }) {
      const { knex } = server.database;
      const mark = { demonstration: true };
      await knex("account").where({ id: accountId }).update(mark);
      await knex("client").where({ client_id: client.clientId }).update(mark);
      await removeDemonstration(server.app);
    },
  },
  // The last: other tokens of that key end with it.
  "the key, dropped": {
    of: "person",
    endsGrant: false,
    revoke: ({ server }) =>
      server.app.keyRotation.drop(server.app.signingKeys.signing("ES256").kid),
  },
};

async function deleteItself({ app, issuer }: TestServer, { clientId }: TestClient): Promise<void> {
  const { provider } = app;
  const client = await provider.Client.find(clientId);
  const token = await Reflect.construct(provider.RegistrationAccessToken, [{ client }]).save();
  const headers = { Authorization: `Bearer ${token}` };
  const answer = await rawRequest(`${issuer}/clients/register/${clientId}`, {
    method: "DELETE",
    headers,
  });
  expect(answer.status).to.equal(204);
}

const introspect = async (ask: Ask, by: TestClient, token: string): Promise<boolean> => {
  const answer = await ask("/token/introspect", {
    method: "POST",
    headers: {
      Authorization: basic(by),
      "Content-Type": "application/x-www-form-urlencoded",
    },
    body: new URLSearchParams({ token }).toString(),
  });
  // A client that was deleted cannot ask.
  if (answer.status === 401) return false;
  expect(answer.status).to.equal(200);
  return (JSON.parse(answer.body) as { active: boolean }).active;
};

/** As an API that asks this node alone. */
function fetchFrom(ask: Ask) {
  return async (url: string, init: RequestInit): Promise<Response> => {
    const request = new Request(url, init);
    const { pathname, search } = new URL(url);
    const answer = await ask(pathname + search, {
      method: request.method,
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    });
    return new Response(answer.body, { status: answer.status });
  };
}

/** By an API that has just started, so that nothing is kept. */
async function verify(ask: Ask, given: Belongings, revocation: RevocationOptions) {
  const verifier = createAccessTokenVerifier({
    issuer: given.server.issuer,
    audience: protectedResourceIdentifier(given.server.issuer),
    revocation,
    fetch: fetchFrom(ask),
  });
  try {
    await verifier.verify(given.jwt);
    return true;
  } catch (err) {
    if (!(err instanceof AccessTokenError)) throw err;
    if (err.status !== 401) throw err;
    return false;
  }
}

/** By who looks. */
export const WAYS_TO_CHECK: Readonly<Record<string, WayToCheck>> = {
  "introspection by the API": {
    appliesTo: () => true,
    isAlive: (ask, { api, jwt }) => introspect(ask, api, jwt),
  },
  "introspection of what was exchanged for it": {
    appliesTo: () => true,
    isAlive: (ask, { api, exchanged }) => introspect(ask, api, exchanged),
  },
  "introspection by the client": {
    appliesTo: () => true,
    isAlive: (ask, { client, jwt }) => introspect(ask, client, jwt),
  },
  "the status list, by jose and zlib": {
    appliesTo: () => true,
    async isAlive(ask, { server, jwt }) {
      const keys = createLocalJWKSet(JSON.parse((await ask("/jwks")).body) as JSONWebKeySet);
      const { idx, uri } = statusReferenceOf(jwt);
      const list = await fetchStatusList(keys, uri, await ask(new URL(uri).pathname));
      if (list.statusOf(idx) !== 0) return false;
      const verified = jwtVerify(jwt, keys, { issuer: server.issuer, typ: "at+jwt" });
      return verified.then(
        () => true,
        // A key that was dropped.
        () => false,
      );
    },
  },
  "the verifier with the status list": {
    appliesTo: () => true,
    isAlive: (ask, given) => verify(ask, given, { statusList: { failure: "closed" } }),
  },
  "the verifier with introspection": {
    appliesTo: () => true,
    isAlive(ask, given) {
      const { clientId, clientSecret = "" } = given.api;
      const introspection = { clientId, clientSecret, failure: "closed", cacheSeconds: 0 } as const;
      return verify(ask, given, { introspection });
    },
  },
  "/protected-resource": {
    // Development alone has it.
    appliesTo: ({ server }) => server.config.mode === "development" && !("nodes" in server),
    async isAlive(ask, { jwt }) {
      const answer = await ask("/protected-resource", {
        headers: { Authorization: `Bearer ${jwt}` },
      });
      expect(answer.status).to.be.oneOf([200, 401]);
      return answer.status === 200;
    },
  },
  "userinfo with the opaque token": {
    appliesTo: (_given, { endsGrant }) => endsGrant,
    async isAlive(ask, { opaque }) {
      const answer = await ask("/me", { headers: { Authorization: `Bearer ${opaque ?? ""}` } });
      expect(answer.status).to.be.oneOf([200, 401]);
      return answer.status === 200;
    },
  },
  "introspection of the refresh token": {
    appliesTo: (_given, { endsGrant }) => endsGrant,
    isAlive: (ask, { client, refreshTokens }) =>
      introspect(ask, client, refreshTokens.at(-1) ?? ""),
  },
};

const EXCHANGE_TARGET = "https://api.example.com/behind-the-table";

/** The API that every token of the table is for, which may exchange them. */
export async function createTableApi(server: TestServer): Promise<TestClient> {
  const identifier = protectedResourceIdentifier(server.issuer);
  await server.app.resourceServers.create({
    identifier,
    name: "Table",
    scopes: { "orders:read": "Read your orders" },
    open: true,
    accessTokenFormat: "jwt",
    statusList: true,
  });
  await server.app.resourceServers.create({
    identifier: EXCHANGE_TARGET,
    name: "Behind the table",
    scopes: { "orders:read": "Read your orders" },
    accessTokenFormat: "jwt",
  });
  const api = await createMachineClient(server, {}, { resourceServer: identifier });
  await server.app.tokenExchangePolicies.save({
    clientId: api.clientId,
    source: identifier,
    target: EXCHANGE_TARGET,
    kinds: ["delegation"],
    scopes: undefined,
  });
  return api;
}

async function exchange(server: TestServer, api: TestClient, jwt: string): Promise<string> {
  const rp = await connect(server, api);
  const answer = await rp.exchange({ subject_token: jwt, resource: EXCHANGE_TARGET });
  return answer.access_token;
}

export async function gather(
  server: TestServer,
  api: TestClient,
  of: WayToRevoke["of"],
): Promise<Belongings> {
  const resource = protectedResourceIdentifier(server.issuer);
  const username = `person-${randomUUID()}`;
  const { id } = await server.app.createAccount({ username, password: PASSWORD });
  const agent = createUserAgent(server.issuer);
  const shared = { server, accountId: id, agent, api };
  if (of === "machine") {
    const client = await createMachineClient(server);
    const rp = await connect(server, client);
    const { access_token: jwt } = await rp.clientCredentials({ resource, scope: "orders:read" });
    const none = { attempt: undefined, callback: undefined, opaque: undefined, refreshTokens: [] };
    return { ...shared, ...none, client, rp, jwt, exchanged: await exchange(server, api, jwt) };
  }
  const client = await createTestClient(server);
  const rp = await connect(server, client);
  const attempt = await rp.begin({ scope: "openid orders:read", resource });
  const callback = await authorize(agent, attempt.url, { username, password: PASSWORD });
  const first: TokenSet = await rp.redeem(attempt, callback);
  const second = await rp.refresh(first.refresh_token ?? "", { resource, scope: "orders:read" });
  return {
    ...shared,
    client,
    rp,
    attempt,
    callback,
    opaque: first.access_token,
    jwt: second.access_token,
    exchanged: await exchange(server, api, second.access_token),
    refreshTokens: [first.refresh_token ?? "", second.refresh_token ?? ""],
  };
}
