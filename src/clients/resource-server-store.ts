/** JWS algorithms (RFC 7518 §3.1) that access tokens may be signed with. */
export const ACCESS_TOKEN_ALGORITHMS = ["ES256", "RS256", "PS256", "EdDSA"] as const;

export type AccessTokenAlgorithm = (typeof ACCESS_TOKEN_ALGORITHMS)[number];

/** An API that accepts our access tokens (RFC 8707 §2 resource, RFC 9068 `aud`). */
export interface ResourceServer {
  /** As `normalizeResourceIdentifier` gives it; it is the `aud` of the API's tokens. */
  readonly identifier: string;
  readonly name: string;
  /** Scope value and what it lets a client do, in words for the consent page. */
  readonly scopes: Readonly<Record<string, string>>;
  readonly accessTokenFormat: "jwt" | "opaque";
  /** JWS algorithm of its JWT access tokens; undefined: the server's default. */
  readonly accessTokenAlgorithm: AccessTokenAlgorithm | undefined;
  /** Lifetime of its access tokens in seconds; undefined: the server's default. */
  readonly accessTokenSeconds: number | undefined;
  /** It is meant where a request names no resource. At most one API is. */
  readonly default: boolean;
  /** Every client may ask for its tokens; false: those in `clients` alone. */
  readonly open: boolean;
  /** What clients may ask for, by client id; see `allowedScopes`. */
  readonly clients: Readonly<Record<string, ClientScopes>>;
  /** Its JWTs refer to a status list (draft-ietf-oauth-status-list). */
  readonly statusList: boolean;
  /** Its protected resource metadata (RFC 9728) are published by this server. */
  readonly publishMetadata: boolean;
  /** Claims that its JWTs carry besides those of RFC 9068, by name. */
  readonly claims: Readonly<Record<string, ClaimSource>>;
  /** The file that declares it (`APIS_FILE`); undefined: it is managed by commands. */
  readonly managedBy: string | undefined;
}

/** The scopes of an API that a client may ask for. */
export type ClientScopes = readonly string[] | "all";

/**
 * Where a claim comes from: a path such as `account.email`, `account.profile.locale` or
 * `client.client_name`, or a value that is always the same.
 */
export type ClaimSource = string | { readonly const: unknown };

/** What has to be said of a new API; the rest is off, and no client may ask for its tokens. */
export type NewResourceServer = Pick<
  ResourceServer,
  "identifier" | "name" | "scopes" | "accessTokenFormat"
> &
  Partial<ResourceServer>;

export type ResourceServerChanges = Partial<Omit<ResourceServer, "identifier">>;

export interface ResourceServerStore {
  /** A node may keep what it read: a change made elsewhere counts within a second. */
  find(identifier: string): Promise<ResourceServer | undefined>;
  /** The one with `default`; kept like what `find` reads. */
  findDefault(): Promise<ResourceServer | undefined>;
  list(): Promise<ResourceServer[]>;
  /**
   * A new default takes the place of the one before, at once.
   * @throws LatchkeyError `resource_server_exists` when the identifier is taken, `client_unknown`
   */
  create(resourceServer: NewResourceServer): Promise<void>;
  /**
   * Changes what `change` gives, out of what is there now: nobody else's change comes in between.
   * A new default takes the place of the one before, at once. `clients` are written as a whole.
   *
   * @param change what it throws ends the attempt. It may be called again when others interfere.
   * @returns what it is now; undefined when there is none.
   * @throws LatchkeyError `client_unknown` for clients that are not registered.
   */
  update(
    identifier: string,
    change: (current: ResourceServer) => ResourceServerChanges,
  ): Promise<ResourceServer | undefined>;
  /** Also deletes the consents that people gave for it. @returns false when there is none. */
  delete(identifier: string): Promise<boolean>;
}
