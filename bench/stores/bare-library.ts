/**
 * oidc-provider by itself with a Map as its adapter, configured for the same work as Latchkey: the
 * same endpoints, features, algorithms, lifetimes, PKCE and rotation. A process of its own:
 *
 *   node bare-library.js <port> <Registration as JSON>
 */
import { generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Provider, type Configuration } from "oidc-provider";
import { CLAIMS_BY_SCOPE, SCOPES } from "../../src/oidc/claims.js";
import { ROUTES } from "../../src/oidc/routes.js";
import { createMapAdapters } from "./map-adapter.js";
import {
  API_SCOPE,
  APPLICATION_METADATA,
  emailOf,
  JWT_API,
  MACHINE_METADATA,
  OPAQUE_API,
  PROFILE,
  type Credentials,
  type Registration,
} from "./registration.js";

const [port = "", json = ""] = process.argv.slice(2);
const issuer = `http://localhost:${port}`;
// From this benchmark itself, so its form is known.
const registration = JSON.parse(json) as Registration;
const adapters = createMapAdapters();

/** As Latchkey's defaults, but for access tokens that outlast the run. */
const LIFETIMES = {
  AccessToken: 3600,
  ClientCredentials: 3600,
  AuthorizationCode: 60,
  IdToken: 3600,
  Interaction: 3600,
  RefreshToken: 14 * 86_400,
  Session: 14 * 86_400,
  Grant: 90 * 86_400,
};

const provider = new Provider(issuer, {
  adapter: adapters,
  claims: CLAIMS_BY_SCOPE,
  clientAuthMethods: ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
  cookies: { keys: ["a secret of this benchmark alone"] },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    claimsParameter: { enabled: true },
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 1) },
    introspection: {
      enabled: true,
      allowedPolicy: (_ctx, client, token) =>
        token.clientId === client.clientId ||
        (client.clientId === registration.api.clientId &&
          "aud" in token &&
          token.aud === OPAQUE_API),
    },
    jwtIntrospection: { enabled: true },
    jwtResponseModes: { enabled: true },
    jwtUserinfo: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    registration: { enabled: true },
    registrationManagement: { enabled: true },
    requestObjects: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_ctx, _client, oneOf) => oneOf ?? [],
      useGrantedResource: () => false,
      getResourceServerInfo: (_ctx, resource) => ({
        scope: resource === OPAQUE_API ? API_SCOPE : "",
        audience: resource,
        accessTokenTTL: LIFETIMES.AccessToken,
        ...(resource === JWT_API
          ? { accessTokenFormat: "jwt" as const, jwt: { sign: { alg: "ES256" as const } } }
          : { accessTokenFormat: "opaque" as const }),
      }),
    },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    userinfo: { enabled: true },
  },
  findAccount: (_ctx, sub) => ({
    accountId: sub,
    claims: () => ({ ...PROFILE, sub, email: emailOf(sub), email_verified: true }),
  }),
  interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
  issueRefreshToken: (_ctx, client) => client.grantTypeAllowed("refresh_token"),
  jwks: { keys: createKeys() },
  async loadExistingGrant({ oidc }) {
    const clientId = oidc.client?.clientId ?? "";
    const grantId = oidc.session?.grantIdFor(clientId);
    if (grantId !== undefined) return oidc.provider.Grant.find(grantId);
    const grant = new oidc.provider.Grant({ accountId: oidc.session?.accountId ?? "", clientId });
    grant.addOIDCScope(SCOPES.join(" "));
    grant.addResourceScope(OPAQUE_API, API_SCOPE);
    await grant.save();
    return grant;
  },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  routes: ROUTES,
  scopes: SCOPES,
  ttl: LIFETIMES,
});

const clients = adapters("Client");
for (const client of [...registration.machines, registration.api]) {
  await register(client, MACHINE_METADATA);
}
for (const client of registration.applications) await register(client, APPLICATION_METADATA);

const answer = provider.callback();
const server = createServer((req, res) => {
  if (req.url?.startsWith("/interaction/") === true) void signIn(req, res);
  else void answer(req, res);
});
// Longer than other servers take their turns.
server.keepAliveTimeout = 65_000;
server.listen(Number(port), "127.0.0.1");

async function register({ clientId, clientSecret }: Credentials, metadata: object) {
  const client = { ...metadata, client_id: clientId, client_secret: clientSecret };
  await clients.upsert(clientId, client, 0);
}

/** Whoever the application says it is. */
async function signIn(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { params } = await provider.interactionDetails(req, res);
  const accountId = String(params["login_hint"]);
  await provider.interactionFinished(req, res, { login: { accountId } });
}

function createKeys(): NonNullable<Configuration["jwks"]>["keys"] {
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  return [
    { ...ec.export({ format: "jwk" }), alg: "ES256", use: "sig" },
    { ...rsa.export({ format: "jwk" }), alg: "RS256", use: "sig" },
  ] as NonNullable<Configuration["jwks"]>["keys"];
}
