/**
 * Signing keys of this server: made at first start, kept sealed in the database, the same on every
 * node. Owns key material only; what is signed with it is the business of `oidc/`.
 */
import { createHash, generateKeyPair, type JsonWebKey } from "node:crypto";
import { promisify } from "node:util";
import type { Audit } from "../lib/audit.js";
import type { Clock } from "../lib/clock.js";
import { LatchkeyError } from "../lib/errors.js";
import type { Sealer } from "../lib/seal.js";
import type { SigningKeyStore, StoredSigningKey } from "./signing-key-store.js";

export type SigningAlgorithm = "ES256" | "RS256" | "PS256" | "EdDSA";

/** A private JWK with `kid`, `alg` and `use` set (RFC 7517 §4). */
export interface SigningKey extends JsonWebKey {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly use: "sig";
}

export interface SigningKeysDeps {
  readonly store: SigningKeyStore;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly audit: Audit;
}

/** RSA 2048: the floor of NIST SP 800-131A and what every relying party accepts. */
const RSA_MODULUS_BITS = 2048;

/** The members that RFC 7638 §3.2 and RFC 8037 §2 hash, in lexicographic order. */
const THUMBPRINT_MEMBERS: Record<string, readonly string[]> = {
  EC: ["crv", "kty", "x", "y"],
  OKP: ["crv", "kty", "x"],
  RSA: ["e", "kty", "n"],
};

const generate = promisify(generateKeyPair);

/**
 * One key for each algorithm, newest first; those that are missing are made. Of several nodes that
 * start on an empty database at once all end up with the same keys.
 *
 * @throws LatchkeyError `secret_key_mismatch` when SECRET_KEY does not open what is stored.
 */
export async function loadSigningKeys(
  algorithms: readonly SigningAlgorithm[],
  deps: SigningKeysDeps,
): Promise<SigningKey[]> {
  const stored = await deps.store.list();
  const missing = algorithms.filter((alg) => !stored.some((key) => key.algorithm === alg));
  await Promise.all(missing.map((alg) => addFirstKey(alg, deps)));
  const current = missing.length === 0 ? stored : await deps.store.list();
  return current
    .toSorted((a, b) => b.generation - a.generation)
    .map((key) => openKey(key, deps.sealer));
}

async function addFirstKey(
  alg: SigningAlgorithm,
  { store, sealer, clock, audit }: SigningKeysDeps,
): Promise<void> {
  const key = await generateSigningKey(alg);
  const added = await store.insert({
    kid: key.kid,
    algorithm: alg,
    generation: 1,
    sealedPrivateJwk: sealer.seal(JSON.stringify(key), key.kid),
    createdAtSeconds: clock.nowSeconds(),
  });
  if (added) audit({ event: "key.created", outcome: "success", kid: key.kid, algorithm: alg });
}

function openKey(stored: StoredSigningKey, sealer: Sealer): SigningKey {
  const json = sealer.open(stored.sealedPrivateJwk, stored.kid);
  if (json === undefined) {
    throw new LatchkeyError(
      "secret_key_mismatch",
      `SECRET_KEY does not open the signing key ${stored.kid} in the database. Start with the SECRET_KEY that it was stored under.`,
    );
  }
  // Sealed by this server, so its form is known.
  const key: SigningKey = JSON.parse(json);
  return key;
}

async function generateSigningKey(alg: SigningAlgorithm): Promise<SigningKey> {
  const { privateKey } = await generatePair(alg);
  const jwk = privateKey.export({ format: "jwk" });
  return { ...jwk, kid: thumbprint(jwk), alg, use: "sig" };
}

function generatePair(alg: SigningAlgorithm) {
  switch (alg) {
    case "ES256":
      return generate("ec", { namedCurve: "P-256" });
    case "EdDSA":
      return generate("ed25519");
    case "RS256":
    case "PS256":
      return generate("rsa", { modulusLength: RSA_MODULUS_BITS });
    default:
      return alg satisfies never;
  }
}

/** RFC 7638. */
function thumbprint(jwk: JsonWebKey): string {
  const members = THUMBPRINT_MEMBERS[jwk.kty ?? ""] ?? [];
  const input = JSON.stringify(Object.fromEntries(members.map((name) => [name, jwk[name]])));
  return createHash("sha256").update(input).digest("base64url");
}
