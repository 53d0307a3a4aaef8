import type { Mac } from "./seal.js";

/**
 * What Koa and the library sign cookies with. Takes the place of their package `keygrip`, which
 * prepares its keys anew for every cookie: half of what a signed cookie costs otherwise.
 */
export interface CookieSignatures {
  sign(cookie: string): string;
  verify(cookie: string, signature: string): boolean;
  /** @returns which key made the signature, newest first; -1: none of ours. */
  index(cookie: string, signature: string): number;
}

/** @param macs newest first: all verify, the first signs. */
export function createCookieSignatures(macs: readonly [Mac, ...Mac[]]): CookieSignatures {
  const index = (cookie: string, signature: string) =>
    macs.findIndex((mac) => mac.verify(cookie, signature));
  return {
    sign: (cookie) => macs[0].sign(cookie),
    verify: (cookie, signature) => index(cookie, signature) >= 0,
    index,
  };
}
