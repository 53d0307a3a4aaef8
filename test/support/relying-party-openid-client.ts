import * as client from "openid-client";
import {
  ACCESS_TOKEN,
  TOKEN_EXCHANGE,
  type Attempt,
  type Connect,
  type ConnectOptions,
  type Parameters,
  type TokenSet,
} from "./relying-party-libraries.js";
import type { TestClient } from "./test-client.js";

export const connectWithOpenidClient: Connect = async (server, registered, options = {}) => {
  const config = await client.discovery(
    new URL(server.issuer),
    registered.clientId,
    clientMetadata(registered),
    authentication(registered, options),
    {
      execute: [
        client.allowInsecureRequests,
        client.enableNonRepudiationChecks,
        ...(options.jwtResponses === true ? [client.useJwtResponseMode] : []),
      ],
    },
  );
  const dpop =
    options.dpop === undefined ? {} : { DPoP: client.getDPoPHandle(config, options.dpop) };
  const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code";

  return {
    async begin(parameters = {}, { pushed = false, signedWith } = {}) {
      const redirectUri = parameters["redirect_uri"] ?? firstRedirectUri(registered);
      const codeVerifier = client.randomPKCECodeVerifier();
      const state = client.randomState();
      const nonce = client.randomNonce();
      const all: Parameters = {
        redirect_uri: redirectUri,
        scope: "openid",
        code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: "S256",
        state,
        // OpenID Connect's, and refused without it.
        ...(parameters["scope"]?.split(" ").includes("openid") === false ? {} : { nonce }),
        ...parameters,
      };
      const url = await authorizationUrl(config, all, { pushed, signedWith, dpop });
      return { url, codeVerifier, state, nonce, redirectUri };
    },
    async redeem(attempt, callback, parameters = {}) {
      const checks = {
        pkceCodeVerifier: attempt.codeVerifier,
        expectedState: attempt.state,
        ...(expectsIdToken(attempt) ? { expectedNonce: attempt.nonce, idTokenExpected: true } : {}),
      };
      return toTokenSet(
        await client.authorizationCodeGrant(config, callback, checks, parameters, dpop),
      );
    },
    refresh: async (refreshToken, parameters = {}) =>
      toTokenSet(await client.refreshTokenGrant(config, refreshToken, parameters, dpop)),
    clientCredentials: async (parameters = {}) =>
      toTokenSet(await client.clientCredentialsGrant(config, parameters, dpop)),
    async exchange(parameters) {
      const all = { subject_token_type: ACCESS_TOKEN, ...parameters };
      const answer = await client.genericGrantRequest(config, TOKEN_EXCHANGE, all, dpop);
      return { ...toTokenSet(answer), issued_token_type: answer["issued_token_type"] };
    },
    userinfo: (accessToken, subject) => client.fetchUserInfo(config, accessToken, subject, dpop),
    introspect: async (token) => ({ ...(await client.tokenIntrospection(config, token)) }),
    revoke: (token) => client.tokenRevocation(config, token),
    startDevice: (parameters = {}) =>
      client.initiateDeviceAuthorization(config, { scope: "openid", ...parameters }),
    pollDevice: async (deviceCode) =>
      toTokenSet(
        await client.genericGrantRequest(config, deviceGrant, { device_code: deviceCode }, dpop),
      ),
  };
};

async function authorizationUrl(
  config: client.Configuration,
  parameters: Parameters,
  options: {
    pushed: boolean;
    signedWith: { key: CryptoKey; kid: string } | undefined;
    dpop: object;
  },
): Promise<URL> {
  if (options.signedWith !== undefined) {
    return client.buildAuthorizationUrlWithJAR(config, parameters, options.signedWith);
  }
  return options.pushed
    ? client.buildAuthorizationUrlWithPAR(config, parameters, options.dpop)
    : client.buildAuthorizationUrl(config, parameters);
}

function authentication({ clientSecret }: TestClient, options: ConnectOptions): client.ClientAuth {
  const method =
    options.authentication ?? (clientSecret === undefined ? "none" : "client_secret_basic");
  if (typeof method !== "string") return client.PrivateKeyJwt(method);
  if (method === "none") return client.None();
  return method === "client_secret_post"
    ? client.ClientSecretPost(clientSecret)
    : client.ClientSecretBasic(clientSecret);
}

/** What a relying party must be told besides discovery: the algorithms that it registered. */
function clientMetadata({ metadata }: TestClient): Record<string, string> {
  const entries = Object.entries(metadata) as [string, string][];
  return Object.fromEntries(entries.filter(([name]) => name.endsWith("_signed_response_alg")));
}

function firstRedirectUri({ metadata }: TestClient): string {
  return (metadata["redirect_uris"] as string[])[0] ?? "";
}

function expectsIdToken({ url }: Attempt): boolean {
  const scope = url.searchParams.get("scope");
  return scope === null || scope.split(" ").includes("openid");
}

function toTokenSet(
  answer: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers,
): TokenSet {
  return { ...answer, claims: answer.claims() };
}
