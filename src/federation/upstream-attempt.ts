/** What a sign-in at a provider was begun for. */
export type UpstreamPurpose =
  /** To answer an authorization request. */
  | { readonly kind: "sign-in"; readonly uid: string }
  /** To add a way of signing in to an account, from its own pages. */
  | { readonly kind: "link"; readonly accountId: string }
  /** To open the account itself, without an application. */
  | { readonly kind: "account-sign-in"; readonly page: string }
  /** To prove oneself anew for something that ends or changes something of the account. */
  | { readonly kind: "account-confirm"; readonly accountId: string; readonly act: string };

/** All that is remembered of a sign-in under way; it travels sealed in a cookie of its browser. */
export interface UpstreamAttempt {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly providerId: string;
  readonly providerVersion: number;
  readonly purpose: UpstreamPurpose;
  readonly begunAtSeconds: number;
  readonly expiresAtSeconds: number;
  /** What was demanded, and is checked of what comes back. */
  readonly demands: UpstreamDemands;
}

export interface UpstreamDemands {
  /** The person must prove itself anew (OpenID Connect Core §3.1.2.1 `prompt=login`). */
  readonly login?: boolean | undefined;
  readonly maxAgeSeconds?: number | undefined;
}
