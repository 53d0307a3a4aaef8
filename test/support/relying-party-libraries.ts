/**
 * A relying party as the protocol tests need one, behind which real libraries do the work: each
 * finds the server by discovery alone, verifies signatures and refuses what the standards refuse.
 */
import { connectWithOauth4webapi } from "./relying-party-oauth4webapi.js";
import { connectWithOpenidClient } from "./relying-party-openid-client.js";
import type { TestClient } from "./test-client.js";

export type Parameters = Record<string, string>;

export interface TokenSet {
  readonly access_token: string;
  readonly token_type: string;
  readonly refresh_token?: string | undefined;
  readonly id_token?: string | undefined;
  readonly scope?: string | undefined;
  readonly expires_in?: number | undefined;
  /** Of the ID token, after the library verified its signature. */
  readonly claims: Record<string, unknown> | undefined;
}

export interface ExchangedTokenSet extends TokenSet {
  readonly issued_token_type?: unknown;
}

export const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
export const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";

/** An authorization request under way. */
export interface Attempt {
  readonly url: URL;
  readonly codeVerifier: string;
  readonly state: string;
  readonly nonce: string;
  readonly redirectUri: string;
}

export interface DeviceAuthorization {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete?: string | undefined;
  readonly expires_in: number;
  readonly interval?: number | undefined;
}

export interface RelyingParty {
  /** Parameters beside `client_id`, PKCE, state, nonce; `scope` is `openid` unless given. */
  begin(parameters?: Parameters, options?: BeginOptions): Promise<Attempt>;
  /** Checks the authorization answer (state, `iss`) and exchanges its code. */
  redeem(attempt: Attempt, callback: URL, parameters?: Parameters): Promise<TokenSet>;
  refresh(refreshToken: string, parameters?: Parameters): Promise<TokenSet>;
  clientCredentials(parameters?: Parameters): Promise<TokenSet>;
  /** RFC 8693; `subject_token_type` is that of an access token unless given. */
  exchange(parameters: Parameters): Promise<ExchangedTokenSet>;
  userinfo(accessToken: string, subject: string): Promise<Record<string, unknown>>;
  introspect(token: string): Promise<{ active: boolean } & Record<string, unknown>>;
  revoke(token: string): Promise<void>;
  startDevice(parameters?: Parameters): Promise<DeviceAuthorization>;
  /** Asks once. */
  pollDevice(deviceCode: string): Promise<TokenSet>;
}

export interface BeginOptions {
  /** Pushes the parameters first (RFC 9126). */
  readonly pushed?: boolean;
  /** Signs the parameters into a request object (RFC 9101). */
  readonly signedWith?: SigningKey;
}

export interface SigningKey {
  readonly key: CryptoKey;
  readonly kid: string;
}

export interface ConnectOptions {
  /** `client_secret_basic` for a client with a secret, else `none`. */
  readonly authentication?: "client_secret_basic" | "client_secret_post" | "none" | SigningKey;
  /** Binds tokens to this key (RFC 9449). */
  readonly dpop?: CryptoKeyPair;
  /** Expects authorization answers as JWTs (JARM). */
  readonly jwtResponses?: boolean;
}

export type Connect = (
  server: { readonly issuer: string },
  client: TestClient,
  options?: ConnectOptions,
) => Promise<RelyingParty>;

/** Every flow is tested with each of them. */
export const LIBRARIES: readonly { readonly name: string; readonly connect: Connect }[] = [
  { name: "openid-client", connect: connectWithOpenidClient },
  { name: "oauth4webapi", connect: connectWithOauth4webapi },
];

/** For tests about the server's own rules, which one library shows as well as two. */
export const connect: Connect = connectWithOauth4webapi;
