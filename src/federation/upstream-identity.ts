import type { MappedClaim } from "./upstream-provider.js";

/** Who somebody is at a provider, as the provider proved it to us. */
export interface UpstreamIdentity {
  readonly providerId: string;
  readonly issuer: string;
  /** Together with `issuer` the key of an identity; an e-mail address never is. */
  readonly subject: string;
  readonly claims: UpstreamClaims;
  readonly authentication: UpstreamAuthenticationFacts;
  /** Its session there, for logout (OpenID Connect Back-Channel Logout §2.1). */
  readonly sid: string | undefined;
  /** As it came, for RP-initiated logout; a secret. */
  readonly idToken: string | undefined;
}

export interface UpstreamClaims {
  /** As written there; undefined also when it is no address. */
  readonly email: string | undefined;
  /** The provider says that the address is this person's: nothing but `true` counts. */
  readonly emailVerified: boolean;
  readonly username: string | undefined;
  /** Texts of at most 1000 characters. */
  readonly profile: Readonly<
    Partial<Record<Exclude<MappedClaim, "email" | "email_verified" | "preferred_username">, string>>
  >;
}

/** Ours already, by the provider's mapping. */
export interface UpstreamAuthenticationFacts {
  readonly acr: string;
  readonly amr: readonly string[];
  /** When the person proved itself; undefined: the provider does not say. Never later than now. */
  readonly authTimeSeconds: number | undefined;
}
