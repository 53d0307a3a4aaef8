import { exportJWK, generateKeyPair, type JWK } from "jose";
import type { SigningKey } from "./relying-party-libraries.js";

export interface TestKey extends SigningKey {
  readonly publicJwk: JWK;
  /** Client metadata `jwks` with the public half. */
  readonly jwks: { keys: JWK[] };
}

/** A key of a client, for request objects and client assertions. */
export async function createTestKey(kid = "client-key", alg = "ES256"): Promise<TestKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const publicJwk = { ...(await exportJWK(publicKey)), kid, alg, use: "sig" };
  return { key: privateKey, kid, publicJwk, jwks: { keys: [publicJwk] } };
}
