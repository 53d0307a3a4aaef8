import type { JsonWebKey } from "node:crypto";
import { importJWK } from "jose";
import { deriveSecrets } from "../../src/lib/derived-secrets.js";
import type { TestServer } from "./test-server.js";

export interface OwnSigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JsonWebKey;
}

/** The key that a server signs with, to make what it would never make. */
export async function openOwnSigningKey(
  server: TestServer,
  algorithm: string,
  secretKey: string,
): Promise<OwnSigningKey> {
  const rows = await server.database.knex("signing_key").where({ algorithm });
  const kid = server.app.signingKeys.signing(algorithm as never).kid;
  const row = rows.find((each) => each.kid === kid);
  const json = deriveSecrets([secretKey]).signingKeys.open(row?.sealed_private_jwk ?? "", kid);
  const jwk = JSON.parse(json ?? "null") as JsonWebKey;
  const privateKey = (await importJWK({ ...jwk, kty: String(jwk.kty) }, algorithm)) as CryptoKey;
  const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...publicJwk } = jwk;
  return { kid, privateKey, publicJwk };
}
