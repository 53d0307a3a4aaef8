/**
 * Verification of access tokens in an API (RFC 9068 §4). Owns everything that an API has to check of
 * a token before it acts on it; knows nothing of the server, and imports nothing of it.
 */
import { AccessTokenError } from "./access-token-error.js";
import { createRefusal, type RefusalAnswer } from "./challenge.js";
import { createDiscovery } from "./discovery.js";
import { createGivenKeys, createRemoteKeys, type KeySource } from "./key-source.js";
import { parsePresentedToken, type PresentedToken } from "./presented-token.js";
import type { RequestFacts } from "./request-facts.js";
import { assertRequirements, type Requirements } from "./requirements.js";
import { assertTimely, readJwtClaims, type VerifiedAccessToken } from "./verified-access-token.js";
import { createSignatureCheck, parseSignedJwt } from "./verify-jwt.js";
import {
  readVerifierOptions,
  type AccessTokenVerifierOptions,
  type VerifierSettings,
} from "./verifier-options.js";

export interface AccessTokenVerifier {
  /**
   * Verifies the token of a request, or one by itself, which then has to be a bearer token.
   *
   * @throws AccessTokenError and nothing else for whatever a client can send.
   */
  verify(
    presented: string | RequestFacts,
    requirements?: Requirements,
  ): Promise<VerifiedAccessToken>;
  /** How to answer what `verify` threw; anything but an AccessTokenError is thrown again. */
  refuse(error: unknown, requirements?: Requirements): RefusalAnswer;
}

/** 16 KiB: Node takes no more for all headers of a request together. */
const MAX_TOKEN_LENGTH = 16 * 1024;
/** RFC 9068 §2.1. */
const ACCESS_TOKEN_TYPES = ["at+jwt"];

/** @throws TypeError for options that cannot work. */
export function createAccessTokenVerifier(
  options: AccessTokenVerifierOptions,
): AccessTokenVerifier {
  const settings = readVerifierOptions(options);
  const { revocation, clock, toleranceSeconds } = settings;
  const rules = { algorithms: settings.algorithms, types: ACCESS_TOKEN_TYPES };
  const keys = createKeySource(settings);
  const checkSignature = createSignatureCheck({ ...settings, keys, rules });
  const refuse = createRefusal(settings);

  async function verify(presented: string | RequestFacts, requirements: Requirements = {}) {
    const { token } = readPresented(presented);
    if (token.length > MAX_TOKEN_LENGTH) throw new AccessTokenError("malformed");
    const now = { nowSeconds: clock.nowMs() / 1000, toleranceSeconds };
    const verified = await verifyJwt(token, now);
    if (verified.confirmation !== undefined) throw new AccessTokenError("binding");
    await assertNotRevoked(verified);
    assertRequirements(verified, requirements, now);
    return verified;
  }

  /** What is cheap comes first: no key is looked for on behalf of a token that is none of ours. */
  async function verifyJwt(token: string, now: Parameters<typeof assertTimely>[1]) {
    const jwt = parseSignedJwt(token, rules);
    const read = readJwtClaims(jwt.claims, settings);
    assertTimely(read, now);
    await checkSignature(token, jwt);
    return read;
  }

  async function assertNotRevoked(token: VerifiedAccessToken): Promise<void> {
    if (revocation !== "none" && (await revocation.isRevoked(token))) {
      throw new AccessTokenError("revoked");
    }
  }

  return {
    verify,
    refuse(error, requirements) {
      if (error instanceof AccessTokenError) return refuse(error, requirements);
      throw error;
    },
  };
}

function readPresented(presented: string | RequestFacts): PresentedToken {
  if (typeof presented !== "string") return parsePresentedToken(presented);
  if (presented === "") throw new AccessTokenError("no_token");
  return { scheme: "Bearer", token: presented };
}

function createKeySource(settings: VerifierSettings): KeySource {
  const { issuer, keys, jwksUri, fetch, clock, jwksCache } = settings;
  if (keys !== undefined) return createGivenKeys(keys);
  const discovery = createDiscovery({ ...jwksCache, issuer, fetch, clock });
  const discover = async () => {
    const found = (await discovery.get()).jwksUri;
    if (found === undefined) throw new Error(`the metadata of ${issuer} have no jwks_uri`);
    return found;
  };
  return createRemoteKeys({
    jwksUri: jwksUri === undefined ? discover : () => Promise.resolve(jwksUri),
    fetch,
    times: jwksCache,
    clock,
  });
}
