import { normalizeIdentifier } from "./account.js";

const MAX_USERNAME_CODE_POINTS = 64;
/** 100: longer than names are, and still a line. */
const MAX_DISPLAY_NAME_CODE_POINTS = 100;
/** RFC 5321 §4.5.3.1.3 allows paths of 256 octets, and the angle brackets are two of them. */
const MAX_EMAIL_LENGTH = 254;
/** RFC 5321 §4.5.3.1.1. */
const MAX_EMAIL_LOCAL_PART_LENGTH = 64;

/**
 * The "valid e-mail address" of the HTML standard, which every browser checks. ASCII only, so no two
 * look alike and none changes under Unicode normalization.
 */
const EMAIL =
  /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/** Controls, invisible format characters, lone surrogates, line and paragraph separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** @returns sentences for the person who chose the name; none when it may be one. */
export function checkUsername(username: string, email: string | undefined): string[] {
  const problems: string[] = [];
  const compared = normalizeIdentifier(username);
  // Both spellings are stored, and normalization can lengthen as well as shorten.
  const codePoints = Math.max(Array.from(username).length, Array.from(compared).length);
  if (compared === "" || codePoints > MAX_USERNAME_CODE_POINTS) {
    problems.push(`The user name must have 1 to ${MAX_USERNAME_CODE_POINTS} characters.`);
  }
  if (username !== username.trim()) {
    problems.push("The user name must not begin or end with a space.");
  }
  if (UNPRINTABLE.test(username)) {
    problems.push("The user name must not contain control characters.");
  }
  const isOwnEmail = email !== undefined && compared === normalizeIdentifier(email);
  if (compared.includes("@") && !isOwnEmail) {
    problems.push('The user name must not contain "@", unless it is the e-mail address.');
  }
  return problems;
}

/** What a person is called: anything that can be shown, or nothing. */
export function isDisplayName(name: string): boolean {
  return Array.from(name).length <= MAX_DISPLAY_NAME_CODE_POINTS && !UNPRINTABLE.test(name);
}

export function isEmailAddress(email: string): boolean {
  return (
    email.length <= MAX_EMAIL_LENGTH &&
    email.indexOf("@") <= MAX_EMAIL_LOCAL_PART_LENGTH &&
    EMAIL.test(email)
  );
}
