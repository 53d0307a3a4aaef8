import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildAuthorizationUrlWithPAR,
  calculatePKCECodeChallenge,
  fetchUserInfo,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
  type IDToken,
} from "openid-client";
import type { Clock } from "../lib/clock.js";
import { assertFresh } from "./assert-fresh.js";
import { FederationError } from "./federation-error.js";
import { mapAuthentication } from "./map-authentication.js";
import { readClaims } from "./read-claims.js";
import { readOAuthPerson } from "./read-oauth-identity.js";
import { toFederationError } from "./to-federation-error.js";
import type { UpstreamAttempt, UpstreamDemands, UpstreamPurpose } from "./upstream-attempt.js";
import type { UpstreamConnection, UpstreamConnections } from "./upstream-connections.js";
import type { UpstreamIdentity } from "./upstream-identity.js";
import type { UpstreamProvider } from "./upstream-provider.js";

export interface BeginOptions extends UpstreamDemands {
  readonly purpose: UpstreamPurpose;
  readonly loginHint?: string | undefined;
  /** In its words. */
  readonly acrValues?: readonly string[] | undefined;
  readonly uiLocales?: string | undefined;
}

/** What the provider sent with the browser, whatever way it took. */
export type UpstreamAnswer = Readonly<Record<string, string>>;

export interface BegunSignIn {
  /** Where the browser is to go. */
  readonly url: string;
  readonly attempt: UpstreamAttempt;
}

/** The protocol with providers, without browsers and accounts. */
export interface UpstreamClient {
  /**
   * Begins a sign-in (RFC 6749 §4.1.1 with PKCE, `state` and `nonce`; pushed where it can be, RFC
   * 9126).
   *
   * @returns where the browser is to go, and what must be remembered of it meanwhile.
   * @throws FederationError
   */
  begin(provider: UpstreamProvider, options: BeginOptions): Promise<BegunSignIn>;
  /**
   * Takes what came back. Whether it is the first time is known to the caller alone.
   *
   * @throws FederationError
   */
  finish(
    provider: UpstreamProvider,
    answer: UpstreamAnswer,
    attempt: UpstreamAttempt,
  ): Promise<UpstreamIdentity>;
}

export interface UpstreamClientDeps {
  readonly connections: UpstreamConnections;
  readonly callbackUrl: string;
  readonly clock: Clock;
}

/** 10 min: time for a person to find a password and a second factor, or to be let in by somebody. */
const ATTEMPT_SECONDS = 600;

/** What an answer may have (RFC 6749 §4.1.2, RFC 9207 §2); all else is ignored. */
const ANSWER_PARAMETERS = ["code", "state", "iss", "error", "error_description"];

export function createUpstreamClient(deps: UpstreamClientDeps): UpstreamClient {
  const { connections, callbackUrl, clock } = deps;
  return {
    async begin(provider, options) {
      assertCanBeFresh(provider, options);
      const { configuration, metadata } = await connections.open(provider);
      const attempt = createAttempt(provider, options, clock.nowSeconds());
      const challenge = await calculatePKCECodeChallenge(attempt.codeVerifier);
      const parameters = {
        ...provider.authorizationParameters,
        ...parametersOf(provider, options),
        redirect_uri: callbackUrl,
        scope: provider.scopes.join(" "),
        state: attempt.state,
        code_challenge: challenge,
        code_challenge_method: "S256",
        ...(provider.kind === "openid" ? { nonce: attempt.nonce } : {}),
      };
      try {
        const url =
          metadata.pushed_authorization_request_endpoint === undefined
            ? buildAuthorizationUrl(configuration, parameters)
            : await buildAuthorizationUrlWithPAR(configuration, parameters);
        return { url: url.href, attempt };
      } catch (err) {
        throw toFederationError(err);
      }
    },

    async finish(provider, answer, attempt) {
      if (attempt.providerVersion !== provider.version || attempt.providerId !== provider.id) {
        throw new FederationError("provider_unavailable", "it was changed during the sign-in");
      }
      const url = new URL(callbackUrl);
      for (const name of ANSWER_PARAMETERS) {
        const value = answer[name];
        if (value !== undefined) url.searchParams.set(name, value);
      }
      const connection = await connections.open(provider);
      try {
        return provider.kind === "openid"
          ? await finishOpenId(provider, { connection, url, attempt }, clock.nowSeconds())
          : await finishOAuth(provider, { connection, url, attempt }, clock.nowSeconds());
      } catch (err) {
        throw toFederationError(err);
      }
    },
  };
}

interface Callback {
  readonly connection: UpstreamConnection;
  readonly url: URL;
  readonly attempt: UpstreamAttempt;
}

async function finishOpenId(
  provider: UpstreamProvider,
  { connection: { configuration, metadata }, url, attempt }: Callback,
  nowSeconds: number,
): Promise<UpstreamIdentity> {
  const tokens = await authorizationCodeGrant(configuration, url, {
    pkceCodeVerifier: attempt.codeVerifier,
    expectedState: attempt.state,
    expectedNonce: attempt.nonce,
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  if (claims === undefined) throw new FederationError("upstream_invalid", "there is no ID token");
  assertMadeForUs(claims, provider.clientId, nowSeconds);
  assertFresh(attempt, claims.auth_time);
  const userInfo =
    metadata.userinfo_endpoint === undefined
      ? {}
      : await fetchUserInfo(configuration, tokens.access_token, claims.sub);
  return {
    providerId: provider.id,
    issuer: provider.issuer,
    subject: claims.sub,
    claims: readClaims({ ...claims, ...userInfo }, provider.claims),
    authentication: mapAuthentication(claims, provider, nowSeconds),
    sid: typeof claims["sid"] === "string" ? claims["sid"] : undefined,
    idToken: tokens.id_token,
  };
}

async function finishOAuth(
  provider: UpstreamProvider,
  { connection: { configuration }, url, attempt }: Callback,
  nowSeconds: number,
): Promise<UpstreamIdentity> {
  const tokens = await authorizationCodeGrant(configuration, url, {
    pkceCodeVerifier: attempt.codeVerifier,
    expectedState: attempt.state,
  });
  const { subject, said } = await readOAuthPerson(provider, configuration, tokens.access_token);
  return {
    providerId: provider.id,
    issuer: provider.issuer,
    subject,
    claims: readClaims(said, provider.claims),
    authentication: mapAuthentication({}, provider, nowSeconds),
    sid: undefined,
    idToken: undefined,
  };
}

/** 60 s: as far as clocks may differ. */
const TOLERANCE_SECONDS = 60;

/** What the library leaves to us (OpenID Connect Core §3.1.3.7). */
function assertMadeForUs({ azp, iat }: IDToken, clientId: string, nowSeconds: number): void {
  // It looks at `azp` where there are several audiences.
  if (azp !== undefined && azp !== clientId) {
    throw new FederationError("upstream_invalid", "the ID token was made for another client (azp)");
  }
  if (iat > nowSeconds + TOLERANCE_SECONDS) {
    throw new FederationError("upstream_invalid", "the ID token was made in the future (iat)");
  }
}

function createAttempt(
  provider: UpstreamProvider,
  { purpose, login, maxAgeSeconds }: BeginOptions,
  nowSeconds: number,
): UpstreamAttempt {
  return {
    state: randomState(),
    nonce: randomNonce(),
    codeVerifier: randomPKCECodeVerifier(),
    providerId: provider.id,
    providerVersion: provider.version,
    purpose,
    begunAtSeconds: nowSeconds,
    expiresAtSeconds: nowSeconds + ATTEMPT_SECONDS,
    demands: { login, maxAgeSeconds },
  };
}

/** OpenID Connect Core §3.1.2.1; a provider that speaks OAuth alone knows none of them. */
function parametersOf(provider: UpstreamProvider, options: BeginOptions): Record<string, string> {
  if (provider.kind === "oauth") return {};
  const { login, maxAgeSeconds, loginHint, acrValues = [], uiLocales } = options;
  // With `max_age` it must say when the person signed in (§2 `auth_time`).
  const maxAge = login === true ? 0 : maxAgeSeconds;
  return {
    ...(login === true ? { prompt: "login" } : {}),
    ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
    ...(loginHint === undefined ? {} : { login_hint: loginHint }),
    ...(acrValues.length === 0 ? {} : { acr_values: acrValues.join(" ") }),
    ...(uiLocales === undefined ? {} : { ui_locales: uiLocales }),
  };
}

function assertCanBeFresh(
  provider: UpstreamProvider,
  { login, maxAgeSeconds }: UpstreamDemands,
): void {
  if (provider.kind === "openid" || (login !== true && maxAgeSeconds === undefined)) return;
  const detail = "it cannot be asked to make people sign in anew, and the application demands it";
  throw new FederationError("freshness_unsupported", detail);
}
