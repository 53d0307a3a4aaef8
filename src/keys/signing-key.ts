import { createHash, generateKeyPair, type JsonWebKey } from "node:crypto";
import { promisify } from "node:util";

export const SIGNING_ALGORITHMS = ["ES256", "RS256", "PS256", "EdDSA"] as const;

export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];

export function isSigningAlgorithm(name: string): name is SigningAlgorithm {
  return SIGNING_ALGORITHMS.some((algorithm) => algorithm === name);
}

/** The public half of a key, with `kid`, `alg` and `use` set (RFC 7517 §4). */
export interface PublicJwk extends JsonWebKey {
  readonly kty: string;
  /** The key's thumbprint (RFC 7638). */
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly use: "sig";
}

/** With its private half. */
export interface SigningKey extends PublicJwk {
  readonly d: string;
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

export async function generateSigningKey(alg: SigningAlgorithm): Promise<SigningKey> {
  for (;;) {
    const { privateKey } = await generatePair(alg);
    const { kty = "", d = "", ...jwk } = privateKey.export({ format: "jwk" });
    const kid = thumbprint({ ...jwk, kty });
    // An operator names it to commands, which take what begins so for an option.
    if (!kid.startsWith("-")) return { ...jwk, kty, d, kid, alg, use: "sig" };
  }
}

/** Keeps what RFC 7518 §6 and RFC 8037 §2 call public, and nothing else. */
export function publicHalf({ kty, crv, x, y, n, e, kid, alg, use }: PublicJwk): PublicJwk {
  const material = { crv, x, y, n, e };
  const present = Object.entries(material).filter(([, value]) => value !== undefined);
  return { kty, ...Object.fromEntries(present), kid, alg, use };
}

export function isSigningKey(key: PublicJwk): key is SigningKey {
  return typeof key.d === "string";
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
