import type { AccountId } from "./account.js";

/** A public key credential that its owner signs in with (Web Authentication Level 3 §4). */
export interface Passkey {
  /** In base64url, at most 1023 bytes before (§5.1). */
  readonly credentialId: string;
  readonly accountId: AccountId;
  /** `user.id` that the authenticator keeps with it: random, so that it tells nothing (§14.6.1). */
  readonly userHandle: string;
  /** COSE_Key (RFC 9052 §7) in base64url. */
  readonly publicKey: string;
  /** 0 for ever where the authenticator does not count, as those that synchronize do. */
  readonly counter: number;
  /** Hints for where the authenticator is found again (§5.8.4). */
  readonly transports: readonly string[];
  /** The make of the authenticator; all zero where it does not say. Proven by nobody. */
  readonly aaguid: string;
  /** May be on several devices of its owner ("backup eligible", §6.1.3); else it never leaves its own. */
  readonly isSynced: boolean;
  /** There is another copy of it now. */
  readonly isBackedUp: boolean;
  /** What its owner calls it. */
  readonly name: string;
  readonly createdAtSeconds: number;
  readonly lastUsedAtSeconds: number | undefined;
}

export type NewPasskey = Omit<Passkey, "accountId" | "createdAtSeconds" | "lastUsedAtSeconds">;

/** 256 bit: two people never share one, and it is no name of the account (§14.6.1; 64 bytes at most). */
export const USER_HANDLE_BYTES = 32;

const MAX_NAME_CODE_POINTS = 60;

/** Controls, invisible format characters, lone surrogates, line and paragraph separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu;

/** As it is kept: on one line, not too long. Undefined when nothing is left. */
export function normalizePasskeyName(typed: string): string | undefined {
  const printable = typed.normalize("NFC").replace(UNPRINTABLE, " ").replace(/\s+/gu, " ").trim();
  const name = Array.from(printable).slice(0, MAX_NAME_CODE_POINTS).join("").trim();
  return name === "" ? undefined : name;
}
