import { hash, randomInt } from "node:crypto";
import type { AccountId } from "./account.js";

/** Ten: enough for the loss of a telephone and its replacement, few enough to print. */
const COUNT = 10;
/** Twelve of 30 letters are 58 bit: nobody guesses one at the pages. */
const GROUPS = 3;
const GROUP_LENGTH = 4;
/** Without 0, 1, o, l, i and u, which are taken for each other or make words. */
const LETTERS = "23456789abcdefghjkmnpqrstvwxyz";
const CODE = new RegExp(`^[${LETTERS}]{${GROUPS * GROUP_LENGTH}}$`);

/** "k7mq-2vxc-9hfd" each; shown once. */
export function createRecoveryCodes(): string[] {
  const letter = () => LETTERS.charAt(randomInt(LETTERS.length));
  const group = () => Array.from({ length: GROUP_LENGTH }, letter).join("");
  const code = () => Array.from({ length: GROUPS }, group).join("-");
  return Array.from({ length: COUNT }, code);
}

/** Upper case, spaces and dashes are as people type. @returns undefined for what is none at all. */
export function parseRecoveryCode(typed: string): string | undefined {
  const code = typed.toLowerCase().replaceAll(/[\s\u2010-\u2015-]/g, "");
  return CODE.test(code) ? code : undefined;
}

/** Of the parsed form; of use for one account only. */
export function hashRecoveryCode(id: AccountId, code: string): string {
  return hash("sha256", JSON.stringify([id, code]), "base64url");
}
