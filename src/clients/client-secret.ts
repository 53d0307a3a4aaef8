import { hash, timingSafeEqual } from "node:crypto";
import { randomToken } from "../lib/random-token.js";

/** 256 bit: RFC 9700 and RFC 7591 ask for 128 at least; the hash below relies on it. */
const CLIENT_SECRET_BYTES = 32;
const PREFIX = "sha256.";
const CLIENT_SECRET_HASH = /^sha256\.[A-Za-z0-9_-]{43}$/;

export function generateClientSecret(): string {
  return randomToken(CLIENT_SECRET_BYTES);
}

/**
 * What is stored instead of a client's secret.
 *
 * A plain fast hash, unlike for passwords: slowness and salt make up for values that can be guessed,
 * and nobody guesses 256 random bits. Token requests come thousands a second; argon2 would only be a
 * way to exhaust us. So it holds for generated secrets only, never for one that a person chose.
 */
export function hashClientSecret(secret: string): string {
  return PREFIX + hash("sha256", secret, "base64url");
}

/** Tells a stored hash from a secret in the clear. */
export function isClientSecretHash(value: string): boolean {
  return CLIENT_SECRET_HASH.test(value);
}

/** False too when `secretHash` is not one of ours. */
export function verifyClientSecret(secret: string, secretHash: string): boolean {
  const expected = Buffer.from(secretHash);
  const given = Buffer.from(hashClientSecret(secret));
  return given.length === expected.length && timingSafeEqual(given, expected);
}
