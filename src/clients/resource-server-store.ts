/** JWS algorithms (RFC 7518 §3.1) that access tokens may be signed with. */
export const ACCESS_TOKEN_ALGORITHMS = ["ES256", "RS256", "PS256", "EdDSA"] as const;

export type AccessTokenAlgorithm = (typeof ACCESS_TOKEN_ALGORITHMS)[number];

/** An API that accepts our access tokens (RFC 8707 §2 resource, RFC 9068 `aud`). */
export interface ResourceServer {
  /** Absolute URI without fragment; kept without a trailing slash, compared in that form. */
  readonly identifier: string;
  readonly name: string;
  /** Scope value and what it lets a client do, in words for the consent page. */
  readonly scopes: Readonly<Record<string, string>>;
  readonly accessTokenFormat: "jwt" | "opaque";
  /** JWS algorithm of its JWT access tokens; undefined: the server's default. */
  readonly accessTokenAlgorithm: AccessTokenAlgorithm | undefined;
  /** Lifetime of its access tokens in seconds; undefined: the server's default. */
  readonly accessTokenSeconds: number | undefined;
}

export interface ResourceServerStore {
  /** A node may keep what it read: a change made elsewhere counts within a second. */
  find(identifier: string): Promise<ResourceServer | undefined>;
  list(): Promise<ResourceServer[]>;
  /** @throws LatchkeyError `resource_server_exists` when the identifier is taken. */
  create(resourceServer: ResourceServer): Promise<void>;
  /** @returns false when there is no such resource server. */
  delete(identifier: string): Promise<boolean>;
}

/** Many clients send the identifier with a trailing slash; it does not make another API. */
export function normalizeResourceIdentifier(identifier: string): string {
  return identifier.replace(/\/+$/, "");
}
