import type { VerifiedAccessToken } from "./verified-access-token.js";

export type RevocationOptions =
  /** A token is good until it ends, whatever becomes of it. */
  | "none"
  /** A function of the caller. */
  | { readonly isRevoked: (token: VerifiedAccessToken) => Promise<boolean> };
