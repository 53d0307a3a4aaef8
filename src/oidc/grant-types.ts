/** Not `password` of RFC 6749 §4.3: clients that know that grant expect what it never had to keep. */
export const FIRST_PARTY_LOGIN = "urn:latchkey:params:oauth:grant-type:first-party-login";

/** Answers the authorization challenge endpoint, and nobody at the token endpoint itself. */
export const AUTHORIZATION_CHALLENGE =
  "urn:latchkey:params:oauth:grant-type:authorization-challenge";

/** RFC 8693 §2.1. */
export const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";

/** Allowed by an administrator (`ClientPolicy.directSignIn`). */
export const FIRST_PARTY_GRANTS: ReadonlySet<unknown> = new Set([
  FIRST_PARTY_LOGIN,
  AUTHORIZATION_CHALLENGE,
]);

/** Allowed by an administrator, by one policy or another; no client can register them. */
export const POLICY_GRANTS: ReadonlySet<unknown> = new Set([...FIRST_PARTY_GRANTS, TOKEN_EXCHANGE]);
