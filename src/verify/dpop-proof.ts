import { createHash } from "node:crypto";
import { calculateJwkThumbprint, compactVerify, importJWK, type JWK } from "jose";
import { AccessTokenError } from "./access-token-error.js";
import type { DpopNonces, DpopReplayStore } from "./dpop-options.js";
import { isJsonObject } from "./parse-json.js";
import { findHeaderProblem, parseJwt } from "./parse-jwt.js";

export interface DpopRules {
  readonly algorithms: readonly string[];
  readonly proofMaxAgeSeconds: number;
  readonly toleranceSeconds: number;
  readonly replayStore: DpopReplayStore;
  readonly nonces: DpopNonces | undefined;
}

/** What a proof has to be for. */
export interface DpopExpectation {
  readonly method: string;
  readonly url: string;
  readonly token: string;
  /** Thumbprint of the key that the token is bound to. */
  readonly jkt: string;
  readonly nowSeconds: number;
}

type Claims = Readonly<Record<string, unknown>>;

/** 8 KiB: a proof with an RSA key has 1.5. */
const MAX_PROOF_LENGTH = 8 * 1024;
/** 256: an id is kept until the proof has expired. */
const MAX_ID_LENGTH = 256;
/** Members of private and symmetric keys (RFC 7518 §6). */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/**
 * Checks a proof of possession (RFC 9449 §4.3) for a request with an access token (§7.1).
 *
 * @throws AccessTokenError `proof`, `proof_replayed`, `nonce`, `binding`, `replay_store_full`.
 */
export async function assertDpopProof(
  proof: string,
  expected: DpopExpectation,
  rules: DpopRules,
): Promise<void> {
  const { jwk, claims } = parseProof(proof, rules.algorithms);
  assertClaims(claims, expected, rules);
  const thumbprint = await verifyProof(proof, jwk);
  if (thumbprint !== expected.jkt) throw new AccessTokenError("binding");
  assertNonce(claims, rules.nonces);
  await assertUnused(claims, thumbprint, rules);
}

function parseProof(proof: string, algorithms: readonly string[]): { jwk: JWK; claims: Claims } {
  const jwt = proof.length > MAX_PROOF_LENGTH ? undefined : parseJwt(proof);
  const { jwk, ...header } = jwt?.header ?? {};
  const problem = findHeaderProblem(header, { algorithms, types: ["dpop+jwt"] });
  if (jwt === undefined || problem !== undefined || !isPublicKey(jwk)) {
    throw new AccessTokenError("proof");
  }
  return { jwk: { ...jwk, alg: String(header["alg"]) }, claims: jwt.claims };
}

function isPublicKey(jwk: unknown): jwk is JWK {
  if (!isJsonObject(jwk) || typeof jwk["kty"] !== "string") return false;
  return !PRIVATE_MEMBERS.some((name) => name in jwk);
}

function assertClaims(claims: Claims, expected: DpopExpectation, rules: DpopRules): void {
  const { jti, htm, htu, iat, ath } = claims;
  const holds =
    isId(jti) &&
    htm === expected.method &&
    isSameUrl(htu, expected.url) &&
    isRecent(iat, { ...rules, nowSeconds: expected.nowSeconds }) &&
    ath === createHash("sha256").update(expected.token).digest("base64url");
  if (!holds) throw new AccessTokenError("proof");
}

function isId(jti: unknown): boolean {
  return typeof jti === "string" && jti !== "" && jti.length <= MAX_ID_LENGTH;
}

function isRecent(
  iat: unknown,
  { nowSeconds, proofMaxAgeSeconds, toleranceSeconds }: DpopRules & { nowSeconds: number },
): boolean {
  if (typeof iat !== "number") return false;
  const ageSeconds = nowSeconds - iat;
  return ageSeconds >= -toleranceSeconds && ageSeconds <= proofMaxAgeSeconds + toleranceSeconds;
}

/** @returns the thumbprint of the key that it was signed with (RFC 7638). */
async function verifyProof(proof: string, jwk: JWK): Promise<string> {
  try {
    await compactVerify(proof, await importJWK(jwk));
    return await calculateJwkThumbprint(jwk);
  } catch (cause) {
    // Whatever is wrong with a key of the client's own making.
    throw new AccessTokenError("proof", { cause });
  }
}

function assertNonce({ nonce }: Claims, nonces: DpopNonces | undefined): void {
  if (nonces === undefined) return;
  if (typeof nonce !== "string" || !nonces.isValid(nonce)) throw new AccessTokenError("nonce");
}

async function assertUnused(claims: Claims, jkt: string, rules: DpopRules): Promise<void> {
  const { iat, jti } = claims;
  const lifetime = rules.proofMaxAgeSeconds + 2 * rules.toleranceSeconds;
  const expiresAtMs = (Number(iat) + lifetime) * 1000;
  // Clients choose ids; another client's is no replay.
  const id = createHash("sha256")
    .update(`${jkt} ${String(jti)}`)
    .digest("base64url");
  let isFirst: boolean;
  try {
    isFirst = await rules.replayStore.useOnce(id, expiresAtMs);
  } catch (cause) {
    throw new AccessTokenError("replay_store_full", { cause });
  }
  if (!isFirst) throw new AccessTokenError("proof_replayed");
}

/** RFC 9449 §4.3: without query and fragment, and normalised as RFC 3986 §6.2.2 and §6.2.3 have it. */
function isSameUrl(htu: unknown, url: string): boolean {
  if (typeof htu !== "string" || !URL.canParse(htu) || !URL.canParse(url)) return false;
  return normalizeUrl(htu) === normalizeUrl(url);
}

function normalizeUrl(text: string): string {
  const { origin, pathname } = new URL(text);
  const path = pathname.replaceAll(/%[0-9a-f]{2}/gi, (escape) => {
    const character = String.fromCodePoint(Number.parseInt(escape.slice(1), 16));
    return /[\w.~-]/.test(character) ? character : escape.toUpperCase();
  });
  return origin + path;
}
