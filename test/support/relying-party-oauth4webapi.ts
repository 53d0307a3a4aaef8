import * as oauth from "oauth4webapi";
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

const INSECURE = { [oauth.allowInsecureRequests]: true } as const;

export const connectWithOauth4webapi: Connect = async (server, registered, options = {}) => {
  const issuer = new URL(server.issuer);
  const as = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, INSECURE),
  );
  const rp: oauth.Client = { client_id: registered.clientId, ...algorithms(registered) };
  const auth = authentication(registered, options);
  const bound =
    options.dpop === undefined ? INSECURE : { ...INSECURE, DPoP: oauth.DPoP(rp, options.dpop) };

  /** The answer with its ID token's claims, after the signature was verified with the server's keys. */
  async function verified(
    response: Response,
    answer: oauth.TokenEndpointResponse,
  ): Promise<TokenSet> {
    if (answer.id_token !== undefined) {
      await oauth.validateApplicationLevelSignature(as, response, INSECURE);
    }
    return { ...answer, claims: oauth.getValidatedIdTokenClaims(answer) };
  }

  async function authorizationParameters(callback: URL, state: string): Promise<URLSearchParams> {
    return options.jwtResponses === true
      ? oauth.validateJwtAuthResponse(as, rp, callback, state, INSECURE)
      : oauth.validateAuthResponse(as, rp, callback, state);
  }

  return {
    async begin(parameters = {}, { pushed = false, signedWith } = {}) {
      const redirectUri = parameters["redirect_uri"] ?? firstRedirectUri(registered);
      const codeVerifier = oauth.generateRandomCodeVerifier();
      const state = oauth.generateRandomState();
      const nonce = oauth.generateRandomNonce();
      let all: Parameters = {
        client_id: rp.client_id,
        response_type: "code",
        redirect_uri: redirectUri,
        scope: "openid",
        code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: "S256",
        state,
        // OpenID Connect's, and refused without it.
        ...(parameters["scope"]?.split(" ").includes("openid") === false ? {} : { nonce }),
        ...(options.jwtResponses === true ? { response_mode: "jwt" } : {}),
        ...parameters,
      };
      if (signedWith !== undefined) {
        const request = await oauth.issueRequestObject(as, rp, all, signedWith);
        all = { client_id: rp.client_id, request };
      }
      if (pushed) {
        const response = await oauth.pushedAuthorizationRequest(as, rp, auth, all, bound);
        const { request_uri } = await oauth.processPushedAuthorizationResponse(as, rp, response);
        all = { client_id: rp.client_id, request_uri };
      }
      const url = new URL(as.authorization_endpoint ?? "");
      for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value);
      return { url, codeVerifier, state, nonce, redirectUri };
    },

    async redeem(attempt, callback, additionalParameters = {}) {
      const response = await oauth.authorizationCodeGrantRequest(
        as,
        rp,
        auth,
        await authorizationParameters(callback, attempt.state),
        attempt.redirectUri,
        attempt.codeVerifier,
        { ...bound, additionalParameters },
      );
      const checks = expectsIdToken(attempt)
        ? { expectedNonce: attempt.nonce, requireIdToken: true }
        : {};
      return verified(
        response,
        await oauth.processAuthorizationCodeResponse(as, rp, response, checks),
      );
    },

    async refresh(refreshToken, additionalParameters = {}) {
      const response = await oauth.refreshTokenGrantRequest(as, rp, auth, refreshToken, {
        ...bound,
        additionalParameters,
      });
      return verified(response, await oauth.processRefreshTokenResponse(as, rp, response));
    },

    async clientCredentials(parameters = {}) {
      const response = await oauth.clientCredentialsGrantRequest(as, rp, auth, parameters, bound);
      return verified(response, await oauth.processClientCredentialsResponse(as, rp, response));
    },

    async exchange(parameters) {
      const all = { subject_token_type: ACCESS_TOKEN, ...parameters };
      const response = await oauth.genericTokenEndpointRequest(
        as,
        rp,
        auth,
        TOKEN_EXCHANGE,
        all,
        bound,
      );
      const answer = await oauth.processGenericTokenEndpointResponse(as, rp, response);
      const { issued_token_type } = answer;
      return { ...(await verified(response, answer)), issued_token_type };
    },

    async userinfo(accessToken, subject) {
      const response = await oauth.userInfoRequest(as, rp, accessToken, bound);
      const claims = await oauth.processUserInfoResponse(as, rp, subject, response);
      if (response.headers.get("Content-Type")?.startsWith("application/jwt") === true) {
        await oauth.validateApplicationLevelSignature(as, response, INSECURE);
      }
      return claims;
    },

    async introspect(token) {
      const jwt = registered.metadata["introspection_signed_response_alg"] !== undefined;
      const response = await oauth.introspectionRequest(as, rp, auth, token, {
        ...INSECURE,
        requestJwtResponse: jwt,
      });
      const answer = await oauth.processIntrospectionResponse(as, rp, response);
      if (jwt) await oauth.validateApplicationLevelSignature(as, response, INSECURE);
      return { ...answer };
    },

    revoke: async (token) =>
      oauth.processRevocationResponse(await oauth.revocationRequest(as, rp, auth, token, INSECURE)),

    async startDevice(parameters = {}) {
      const all = { scope: "openid", ...parameters };
      const response = await oauth.deviceAuthorizationRequest(as, rp, auth, all, INSECURE);
      return oauth.processDeviceAuthorizationResponse(as, rp, response);
    },

    async pollDevice(deviceCode) {
      const response = await oauth.deviceCodeGrantRequest(as, rp, auth, deviceCode, bound);
      return verified(response, await oauth.processDeviceCodeResponse(as, rp, response));
    },
  };
};

function authentication(
  { clientSecret = "" }: TestClient,
  options: ConnectOptions,
): oauth.ClientAuth {
  const method = options.authentication ?? (clientSecret === "" ? "none" : "client_secret_basic");
  if (typeof method !== "string") return oauth.PrivateKeyJwt(method);
  if (method === "none") return oauth.None();
  return method === "client_secret_post"
    ? oauth.ClientSecretPost(clientSecret)
    : oauth.ClientSecretBasic(clientSecret);
}

/** What a relying party must be told besides discovery: the algorithms that it registered. */
function algorithms({ metadata }: TestClient): Record<string, string> {
  const entries = Object.entries(metadata) as [string, string][];
  return Object.fromEntries(entries.filter(([name]) => name.endsWith("_signed_response_alg")));
}

function firstRedirectUri({ metadata }: TestClient): string {
  return (metadata["redirect_uris"] as string[])[0] ?? "";
}

/** Requests by reference say nothing of their scope; the tests push only OpenID ones. */
function expectsIdToken({ url }: Attempt): boolean {
  const scope = url.searchParams.get("scope");
  return scope === null || scope.split(" ").includes("openid");
}
