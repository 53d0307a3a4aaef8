/**
 * Verification of access tokens in an API (RFC 9068 §4). Owns everything that an API has to check of
 * a token before it acts on it; knows nothing of the server, and imports nothing of it.
 */
import { AccessTokenError } from "./access-token-error.js";
import { createRefusal, type RefusalAnswer } from "./challenge.js";
import { createDiscovery, type IssuerMetadata } from "./discovery.js";
import { createGivenKeys, createRemoteKeys, type KeySource } from "./key-source.js";
import { parsePresentedToken, type PresentedToken } from "./presented-token.js";
import type { RequestFacts } from "./request-facts.js";
import { assertRequirements, type Requirements } from "./requirements.js";
import { createRevocationCheck } from "./revocation-check.js";
import { createSenderConstraint, type PresentedRequest } from "./sender-constraint.js";
import { assertTimely, type TimeNow, type VerifiedAccessToken } from "./verified-access-token.js";
import { createVerifyAccessToken } from "./verify-access-token.js";
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
  const { clock, toleranceSeconds } = settings;
  const rules = { algorithms: settings.algorithms, types: ACCESS_TOKEN_TYPES };
  const discover = createFindEndpoint(settings);
  const keys = createKeySource(settings, discover);
  const verifyJwt = createVerifyAccessToken({ ...settings, keys, rules, expected: settings });
  const assertSender = createSenderConstraint(settings);
  const revocation = createRevocationCheck(settings.revocation, {
    ...settings,
    keys,
    cooldownSeconds: settings.jwksCache.cooldownSeconds,
    discoverIntrospection: () => discover("introspectionEndpoint"),
    expected: settings,
  });
  const refuse = createRefusal(settings);

  async function readToken(token: string, now: TimeNow): Promise<VerifiedAccessToken> {
    if (token.length > MAX_TOKEN_LENGTH) throw new AccessTokenError("malformed");
    const isJwt = token.split(".", 4).length === 3;
    if (isJwt || revocation.findOpaque === undefined) return verifyJwt(token, now);
    const found = await revocation.findOpaque(token);
    assertTimely(found, now);
    return found;
  }

  async function verifyPresented(request: PresentedRequest, requirements: Requirements) {
    const { token, nowSeconds } = request;
    const now = { nowSeconds, toleranceSeconds };
    const verified = await readToken(token, now);
    await assertSender(verified, request);
    if (verified.format === "jwt") await revocation.assertNotRevoked({ token, verified });
    assertRequirements(verified, requirements, now);
    return verified;
  }

  async function verify(presented: string | RequestFacts, requirements: Requirements = {}) {
    const facts = typeof presented === "string" ? undefined : presented;
    const { token, scheme } = readPresented(presented);
    const request = { token, scheme, facts, nowSeconds: clock.nowMs() / 1000 };
    try {
      return await verifyPresented(request, requirements);
    } catch (err) {
      if (!(err instanceof AccessTokenError) || scheme === err.scheme) throw err;
      throw new AccessTokenError(err.problem, { cause: err.cause, scheme });
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

/** Addresses in the metadata of the issuer, which are fetched when the first is asked for. */
function createFindEndpoint({ issuer, fetch, clock, jwksCache }: VerifierSettings) {
  const discovery = createDiscovery({ ...jwksCache, issuer, fetch, clock });
  return async (name: keyof IssuerMetadata): Promise<string> => {
    const found = (await discovery.get())[name];
    if (found === undefined) throw new Error(`the metadata of ${issuer} have no ${name}`);
    return found;
  };
}

function createKeySource(
  { keys, jwksUri, fetch, clock, jwksCache }: VerifierSettings,
  discover: ReturnType<typeof createFindEndpoint>,
): KeySource {
  if (keys !== undefined) return createGivenKeys(keys);
  return createRemoteKeys({
    jwksUri: async () => jwksUri ?? (await discover("jwksUri")),
    fetch,
    times: jwksCache,
    clock,
  });
}
