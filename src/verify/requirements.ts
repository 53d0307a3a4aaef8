import { AccessTokenError } from "./access-token-error.js";
import type { VerifiedAccessToken } from "./verified-access-token.js";

/** What a request needs beyond a good token; nothing unless given. */
export interface Requirements {
  /** All of them. */
  readonly scopes?: readonly string[];
  /** One of these ways to have signed in, most wanted first (RFC 9470 §3). */
  readonly acrValues?: readonly string[];
  /** The sign-in is not longer ago. */
  readonly maxAgeSeconds?: number;
}

/** @throws AccessTokenError `scope`, `acr`, `max_age`. */
export function assertRequirements(
  token: VerifiedAccessToken,
  { scopes = [], acrValues, maxAgeSeconds }: Requirements,
  { nowSeconds, toleranceSeconds }: { nowSeconds: number; toleranceSeconds: number },
): void {
  if (!scopes.every((scope) => token.scopes.has(scope))) throw new AccessTokenError("scope");
  if (acrValues !== undefined && !acrValues.includes(token.acr ?? "")) {
    throw new AccessTokenError("acr");
  }
  if (maxAgeSeconds === undefined) return;
  const { authenticatedAtSeconds = Number.NEGATIVE_INFINITY } = token;
  if (nowSeconds - authenticatedAtSeconds > maxAgeSeconds + toleranceSeconds) {
    throw new AccessTokenError("max_age");
  }
}
