import { AccessTokenError } from "./access-token-error.js";
import { createIntrospection } from "./introspection.js";
import type { Failure, Introspect } from "./revocation-options.js";
import { createStatusListCheck, type StatusListDeps } from "./status-list-check.js";
import {
  readIntrospectedClaims,
  type ClaimExpectation,
  type VerifiedAccessToken,
} from "./verified-access-token.js";
import type { VerifierSettings } from "./verifier-options.js";

/** What revocation adds to the checks of a token. */
export interface RevocationCheck {
  /** @throws AccessTokenError `revoked`, `inactive`, or that it cannot be known. */
  assertNotRevoked(jwt: { token: string; verified: VerifiedAccessToken }): Promise<void>;
  /** Undefined: tokens that are no JWTs are refused. */
  readonly findOpaque: ((token: string) => Promise<VerifiedAccessToken>) | undefined;
}

export interface RevocationDeps extends Omit<StatusListDeps, "options"> {
  readonly discoverIntrospection: () => Promise<string>;
  readonly expected: ClaimExpectation;
}

export function createRevocationCheck(
  revocation: VerifierSettings["revocation"],
  deps: RevocationDeps,
): RevocationCheck {
  if (revocation === "none") return { assertNotRevoked: async () => {}, findOpaque: undefined };
  if ("statusList" in revocation) {
    const check = createStatusListCheck({ ...deps, options: revocation.statusList });
    return { assertNotRevoked: ({ verified }) => check(verified), findOpaque: undefined };
  }
  if ("isRevoked" in revocation) {
    return {
      assertNotRevoked: async ({ verified }) => {
        if (await revocation.isRevoked(verified)) throw new AccessTokenError("revoked");
      },
      findOpaque: undefined,
    };
  }
  const options = revocation.introspection;
  const discoverEndpoint = deps.discoverIntrospection;
  const introspect = createIntrospection({ ...deps, options, discoverEndpoint });
  return {
    assertNotRevoked: ({ token }) => assertActive(token, introspect, options.failure),
    findOpaque:
      options.opaqueTokens === true
        ? async (token) => readIntrospectedClaims(await ask(token, introspect), deps.expected)
        : undefined,
  };
}

async function assertActive(token: string, introspect: Introspect, failure: Failure) {
  try {
    await ask(token, introspect);
  } catch (err) {
    const isUnknown = err instanceof AccessTokenError && err.code === "temporarily_unavailable";
    if (failure !== "open" || !isUnknown) throw err;
  }
}

/** @throws AccessTokenError `inactive`, `introspection_unavailable`. */
async function ask(token: string, introspect: Introspect) {
  let answer: Readonly<Record<string, unknown>>;
  try {
    answer = await introspect(token);
  } catch (cause) {
    throw new AccessTokenError("introspection_unavailable", { cause });
  }
  if (answer["active"] !== true) throw new AccessTokenError("inactive");
  return answer;
}
