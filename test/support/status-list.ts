import { inflateSync } from "node:zlib";
import { createRemoteJWKSet, decodeJwt, jwtVerify, type JWTVerifyGetKey } from "jose";
import { rawRequest, type RawAnswer } from "./raw-request.js";

/** `status_list` of a token (draft-ietf-oauth-status-list-21 §6.2). */
export interface StatusReference {
  readonly idx: number;
  readonly uri: string;
}

/** @throws Error when the token has none. */
export function statusReferenceOf(accessToken: string): StatusReference {
  const { status } = decodeJwt<{ status?: { status_list?: StatusReference } }>(accessToken);
  if (status?.status_list === undefined) throw new Error("the token refers to no status list");
  return status.status_list;
}

/**
 * What an API does that keeps nothing (§8.3), by jose and zlib and nothing of ours.
 *
 * @param issuer or the keys that are published.
 * @param answer what one node of several gave, when it is not to be fetched from its address.
 */
export async function fetchStatusList(
  issuer: string | JWTVerifyGetKey,
  uri: string,
  answer?: RawAnswer,
): Promise<{ readonly statusOf: (idx: number) => number; readonly invalid: readonly number[] }> {
  const { status, body } =
    answer ?? (await rawRequest(uri, { headers: { Accept: "application/statuslist+jwt" } }));
  if (status !== 200) throw new Error(`the list was answered with ${status}`);
  const keys = typeof issuer === "string" ? createRemoteJWKSet(new URL(`${issuer}/jwks`)) : issuer;
  const { payload } = await jwtVerify<{ status_list: { bits: number; lst: string } }>(body, keys, {
    typ: "statuslist+jwt",
    subject: uri,
    requiredClaims: ["iat", "exp", "ttl", "status_list"],
  });
  const { bits, lst } = payload.status_list;
  if (bits !== 1) throw new Error(`${bits} bits a token`);
  const bytes = inflateSync(Buffer.from(lst, "base64url"));
  const statusOf = (idx: number) => ((bytes[Math.floor(idx / 8)] ?? 0xff) >> (idx % 8)) & 1;
  const invalid = Array.from({ length: bytes.length * 8 }, (_, idx) => idx).filter(
    (idx) => statusOf(idx) === 1,
  );
  return { statusOf, invalid };
}

/** 0 VALID, 1 INVALID (§7.1). */
export async function fetchStatus(issuer: string, accessToken: string): Promise<number> {
  const { idx, uri } = statusReferenceOf(accessToken);
  return (await fetchStatusList(issuer, uri)).statusOf(idx);
}
