import { AccessTokenError } from "./access-token-error.js";
import type { RequestFacts } from "./request-facts.js";

export type TokenScheme = "Bearer" | "DPoP";

export interface PresentedToken {
  readonly scheme: TokenScheme;
  readonly token: string;
}

/** b64token of RFC 6750 §2.1. */
const CREDENTIALS = /^(bearer|dpop) +([\w.~+/-]+=*) *$/i;

/**
 * The token of a request: from the one `Authorization` header only, never from the query or the body
 * (RFC 9700 §4.3.2), where logs and other sites get to see it.
 *
 * @throws AccessTokenError `no_token`, `several_tokens`, `bad_credentials`.
 */
export function parsePresentedToken({ authorization }: RequestFacts): PresentedToken {
  const [header, ...others] = authorization;
  if (header === undefined) throw new AccessTokenError("no_token");
  if (others.length > 0) throw new AccessTokenError("several_tokens");
  const [, scheme, token] = CREDENTIALS.exec(header) ?? [];
  if (scheme !== undefined && token !== undefined) {
    return { scheme: scheme.toLowerCase() === "dpop" ? "DPoP" : "Bearer", token };
  }
  // Another scheme (Basic) is no attempt to show a token.
  if (!/^(?:bearer|dpop)(?:[ ,]|$)/i.test(header)) throw new AccessTokenError("no_token");
  throw new AccessTokenError(header.includes(",") ? "several_tokens" : "bad_credentials");
}
