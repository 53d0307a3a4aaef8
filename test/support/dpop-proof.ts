import { createHash, randomUUID } from "node:crypto";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

export interface DpopProof {
  readonly method: string;
  readonly url: string;
  /** Goes into `ath`. */
  readonly accessToken?: string;
  readonly jti?: string;
  /** Of the server (RFC 9449 §8). */
  readonly nonce?: string;
  /** Seconds from now at which it claims to be made. */
  readonly issuedInSeconds?: number;
}

export const generateDpopKey = () => generateKeyPair("ES256", { extractable: true });

/** A proof made by hand (RFC 9449 §4.2), to send what no library would. */
export async function signDpopProof(keyPair: CryptoKeyPair, proof: DpopProof): Promise<string> {
  const { method, url, accessToken, nonce, jti = randomUUID(), issuedInSeconds = 0 } = proof;
  const ath =
    accessToken === undefined
      ? {}
      : { ath: createHash("sha256").update(accessToken).digest("base64url") };
  return new SignJWT({ htm: method, htu: url, jti, ...ath, ...(nonce && { nonce }) })
    .setIssuedAt(Math.floor(Date.now() / 1000) + issuedInSeconds)
    .setProtectedHeader({
      alg: "ES256",
      typ: "dpop+jwt",
      jwk: await exportJWK(keyPair.publicKey),
    })
    .sign(keyPair.privateKey);
}
