import { accountProblem, type AccountProblem } from "./account-problem.js";
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

/** @returns what is wrong with the name; nothing when it may be one. */
export function checkUsername(username: string, email: string | undefined): AccountProblem[] {
  const problems: AccountProblem[] = [];
  const compared = normalizeIdentifier(username);
  // Both spellings are stored, and normalization can lengthen as well as shorten.
  const codePoints = Math.max(Array.from(username).length, Array.from(compared).length);
  if (compared === "" || codePoints > MAX_USERNAME_CODE_POINTS) {
    const words = `The user name must have 1 to ${MAX_USERNAME_CODE_POINTS} characters.`;
    problems.push(
      accountProblem("policy.username-length", words, { max: MAX_USERNAME_CODE_POINTS }),
    );
  }
  if (username !== username.trim()) {
    const words = "The user name must not begin or end with a space.";
    problems.push(accountProblem("policy.username-spaces", words));
  }
  if (UNPRINTABLE.test(username)) {
    const words = "The user name must not contain control characters.";
    problems.push(accountProblem("policy.username-controls", words));
  }
  const isOwnEmail = email !== undefined && compared === normalizeIdentifier(email);
  if (compared.includes("@") && !isOwnEmail) {
    const words = 'The user name must not contain "@", unless it is the e-mail address.';
    problems.push(accountProblem("policy.username-at", words));
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

/** @returns what is wrong with the address; nothing when it may be one, or there is none. */
export function checkEmail(email: string | undefined): AccountProblem[] {
  if (email === undefined || isEmailAddress(email)) return [];
  return [accountProblem("policy.email-invalid", "The e-mail address is not valid.")];
}
