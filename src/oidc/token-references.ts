import type { AddAccessTokenClaims } from "./access-token-claims.js";
import type { ModelValues } from "./model-values.js";

/**
 * What a JWT access token says of where it comes from, so that it ends with that: `grant_id`, and
 * `sid` when it ends with the session. Private claims (RFC 7519 §4.3), veiled: a person's grants and
 * sessions begin alike.
 */
export function createAddTokenReferences(values: Pick<ModelValues, "veil">): AddAccessTokenClaims {
  return ({ token }) => {
    if (token.kind !== "AccessToken") return {};
    const { grantId, sessionUid, expiresWithSession } = token;
    const endsWithSession = expiresWithSession === true && sessionUid !== undefined;
    return {
      ...(grantId === undefined ? {} : { grant_id: values.veil(grantId) }),
      ...(endsWithSession ? { sid: values.veil(sessionUid) } : {}),
    };
  };
}

/** Not shown to whoever introspects a token; the last are those of `token-ancestors.ts`. */
export const REFERENCE_CLAIMS: ReadonlySet<string> = new Set(["grant_id", "sid", "ancestors"]);

export interface TokenReferences {
  readonly grantId: string | undefined;
  readonly sessionUid: string | undefined;
}

/** @param claims of a token whose signature was verified. */
export function readTokenReferences(
  claims: Readonly<Record<string, unknown>>,
  values: Pick<ModelValues, "unveil">,
): TokenReferences {
  const { grant_id: grant, sid: session } = claims;
  return {
    grantId: typeof grant === "string" ? values.unveil(grant) : undefined,
    sessionUid: typeof session === "string" ? values.unveil(session) : undefined,
  };
}
