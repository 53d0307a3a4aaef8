/**
 * Sign-in through other providers. This folder owns who they are, what they demand and the protocol
 * with them; whom an identity belongs to is decided in `accounts/`, pages are in `http/`.
 */

/** How we prove ourselves at its token endpoint (OpenID Connect Core §9). */
export const UPSTREAM_AUTHENTICATIONS = [
  "client_secret_basic",
  "client_secret_post",
  "private_key_jwt",
  "none",
] as const;

export type UpstreamAuthentication = (typeof UPSTREAM_AUTHENTICATIONS)[number];

/**
 * What a first sign-in of somebody unknown does: `create` an account; `link` nothing but accounts
 * that are there; let only those in who were `invited`.
 */
export const ACCOUNT_POLICIES = ["create", "link", "invited"] as const;

export type AccountPolicy = (typeof ACCOUNT_POLICIES)[number];

/** A provider that people may sign in at. */
export interface UpstreamProvider {
  /** In addresses and forms, such as `entra`. */
  readonly id: string;
  readonly displayName: string;
  /** Name of a built-in icon, or a `data:` URI of an image; undefined: none. */
  readonly icon: string | undefined;
  /** `openid`: found by discovery. `oauth`: as its preset says. */
  readonly kind: "openid" | "oauth";
  /**
   * Half of every identity's key: (issuer, subject); so no two providers have the same. Of an OAuth
   * provider it is the address that its preset gives, since nothing that it sends carries one.
   */
  readonly issuer: string;
  /** What is written of this sort of provider (`presets.ts`); undefined: only what discovery says. */
  readonly preset: string | undefined;
  readonly clientId: string;
  readonly authentication: UpstreamAuthentication;
  /** Sealed for this row; undefined: none is needed. */
  readonly sealedClientSecret: string | undefined;
  readonly scopes: readonly string[];
  /** More of the authorization request, such as `hd`, `domain_hint` or `response_mode`. */
  readonly authorizationParameters: Readonly<Record<string, string>>;
  readonly claims: ClaimMapping;
  readonly accounts: AccountPolicy;
  /** Lower case. Only people with a verified address in one of them may sign in; empty: everybody. */
  readonly allowedDomains: readonly string[];
  /** Lower case; `*`: all. What it says of addresses in these domains is believed. */
  readonly emailAuthoritativeFor: readonly string[];
  /** Lower case. A `login_hint` with such an address leads straight there. */
  readonly hintDomains: readonly string[];
  /** Each sign-in brings the account's profile to what the provider says. */
  readonly takesOverProfile: boolean;
  /** It is the only way in: nobody is asked for a password. */
  readonly only: boolean;
  /** Its `acr` to ours; `*`: whatever else it says, and nothing. See `mapAuthentication`. */
  readonly acrMapping: Readonly<Record<string, string>>;
  /** Its `amr` values to ours. Others are kept if RFC 8176 registers them. */
  readonly amrMapping: Readonly<Record<string, string>>;
  readonly logout: UpstreamLogout;
  readonly disabled: boolean;
  /** The file that declares it (`PROVIDERS_FILE`); undefined: it is managed by commands. */
  readonly managedBy: string | undefined;
  /** Grows with each change; an attempt ends with the version that it began with. */
  readonly version: number;
}

export interface UpstreamLogout {
  /** Its back-channel logout tokens end our sessions (OpenID Connect Back-Channel Logout §2.6). */
  readonly fromUpstream: boolean;
  /** Signing out here leads on to signing out there (OpenID Connect RP-Initiated Logout §2). */
  readonly toUpstream: boolean;
}

/** Our claim by where it comes from. Names that are missing are not taken over. */
export type ClaimMapping = Readonly<Partial<Record<MappedClaim, UpstreamClaimSource>>>;

/** A path in what the provider says (`email`, `address.country`), or what is always the same. */
export type UpstreamClaimSource = string | { readonly const: string | boolean };

/** What an account can take over (OpenID Connect Core §5.1). */
export const MAPPED_CLAIMS = [
  "email",
  "email_verified",
  "preferred_username",
  "name",
  "given_name",
  "family_name",
  "middle_name",
  "nickname",
  "profile",
  "picture",
  "website",
  "gender",
  "birthdate",
  "zoneinfo",
  "locale",
] as const;

export type MappedClaim = (typeof MAPPED_CLAIMS)[number];

/** What the login page shows of a provider. */
export interface SignInChoice {
  readonly id: string;
  readonly displayName: string;
  readonly icon: string | undefined;
  /** It is the only way in. */
  readonly only: boolean;
  readonly hintDomains: readonly string[];
  /** It can be asked to make the person sign in anew (`prompt=login`, `max_age`), and says when. */
  readonly canReauthenticate: boolean;
}

export type UpstreamProviderChanges = Partial<Omit<UpstreamProvider, "id" | "version">>;

export interface UpstreamProviderStore {
  /** A node may keep what it read: a change made elsewhere counts within a second. */
  find(id: string): Promise<UpstreamProvider | undefined>;
  /** In the order of their names; kept like what `find` reads. */
  list(): Promise<readonly UpstreamProvider[]>;
  /** @throws LatchkeyError `provider_exists` (409) when the id or the issuer is taken. */
  create(provider: Omit<UpstreamProvider, "version">): Promise<void>;
  /**
   * Changes what `change` gives, out of what is there now: nobody else's change comes in between.
   *
   * @param change what it throws ends the attempt.
   * @returns what it is now; undefined when there is none.
   * @throws LatchkeyError `provider_exists` when another one has that issuer.
   */
  update(
    id: string,
    change: (current: UpstreamProvider) => UpstreamProviderChanges,
  ): Promise<UpstreamProvider | undefined>;
  /** @returns false when there is none. */
  delete(id: string): Promise<boolean>;
}
