/** Whether the tokens of an answer hold, by the keys and rules that any client and API go by. */
import { verifyIdToken, type IdTokenVerdict } from "../../tokens/verify-id-token.js";
import { AccessTokenError, createAccessTokenVerifier } from "../../verify/index.js";
import { findKeys, type IssuerMetadata } from "./discover.js";
import type { ClientDeps } from "./playground-deps.js";
import type {
  Check,
  Identity,
  PlaygroundSession,
  ShownToken,
  TokenVerdict,
} from "./playground-session.js";
import type { TokenResponse } from "./token-response.js";

/** The default of OpenID Connect Registration §2, which the playground leaves as it is. */
const ID_TOKEN_ALGORITHM = "RS256";

export interface IssuedTokens {
  readonly issued: TokenResponse;
  readonly metadata: IssuerMetadata;
  readonly resource: string | undefined;
  /** Undefined when no ID token is expected. */
  readonly nonce: string | undefined;
  /** Who was signed in before a refresh. */
  readonly earlierSubject: string | undefined;
}

export interface JudgedIdToken {
  readonly shown: readonly ShownToken[];
  readonly checks: readonly Check[];
  readonly identity: Identity | undefined;
  /** A sentence; a client must not use an answer whose ID token does not hold. */
  readonly problem: string | undefined;
}

export async function judgeIdToken(
  session: PlaygroundSession,
  { issued, nonce, metadata, earlierSubject }: IssuedTokens,
  { issuer, clientId, clock }: ClientDeps,
): Promise<JudgedIdToken> {
  const { idToken } = issued;
  if (idToken === undefined || nonce === undefined) {
    return { shown: [], checks: [], identity: undefined, problem: undefined };
  }
  const keys = await findKeys(session, metadata);
  const verdict: IdTokenVerdict =
    keys === undefined
      ? { verified: false, problem: "The keys of the server could not be read." }
      : await verifyIdToken(idToken, {
          issuer,
          clientId,
          nonce,
          earlierSubject,
          algorithm: ID_TOKEN_ALGORITHM,
          keys,
          nowMs: clock.nowMs(),
        });
  if (!verdict.verified) {
    const { problem } = verdict;
    const shown: ShownToken = {
      name: "ID token",
      value: idToken,
      verdict: { kind: "not verified", problem },
    };
    return { shown: [shown], checks: [], identity: undefined, problem };
  }
  return {
    shown: [{ name: "ID token", value: idToken, verdict: { kind: "verified" } }],
    checks: listChecks(earlierSubject !== undefined),
    identity: { idToken, subject: verdict.subject, nonce },
    problem: undefined,
  };
}

export async function judgeAccessToken(
  session: PlaygroundSession,
  { issued, resource, metadata }: IssuedTokens,
  { issuer, clock }: ClientDeps,
): Promise<TokenVerdict> {
  if (issued.accessToken.split(".").length !== 3) return { kind: "not a JWT" };
  if (resource === undefined) {
    return { kind: "not verified", problem: "It is for an API that was not asked for." };
  }
  const { keys } = (await findKeys(session, metadata)) ?? { keys: [] };
  const verifier = createAccessTokenVerifier({
    issuer,
    audience: resource,
    keys: () => keys,
    revocation: "none",
    clock,
  });
  try {
    await verifier.verify(issued.accessToken);
    return { kind: "verified" };
  } catch (err) {
    if (!(err instanceof AccessTokenError)) throw err;
    return { kind: "not verified", problem: `The check says: ${err.message}.` };
  }
}

/** What `verifyIdToken` has looked at. */
function listChecks(isRefresh: boolean): Check[] {
  return [
    "The signature of the ID token fits a key of the server.",
    "iss names the server, aud names the playground, and exp is still to come.",
    isRefresh
      ? "sub is the same person as before."
      : "nonce is the one that was sent with the authorization request.",
  ].map((text) => ({ passed: true, text }));
}
