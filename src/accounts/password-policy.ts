import { accountProblem, type AccountProblem } from "./account-problem.js";
import { MAX_PASSWORD_BYTES, passwordNormalForm } from "./password-normal-form.js";

/** NIST SP 800-63B-4 §3.1.1.2: 15 for a password that is the only factor. */
const MIN_PASSWORD_CODE_POINTS = 15;

const PRODUCT_NAME = "latchkey";

/** Read round and round, forwards and backwards. */
const SEQUENCES = [
  "0123456789",
  "abcdefghijklmnopqrstuvwxyz",
  "qwertyuiopasdfghjklzxcvbnm",
  "qwertzuiopasdfghjklyxcvbnm",
  "azertyuiopqsdfghjklmwxcvbn",
  "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
];

/** What an attacker knows of the account without trying. */
export interface PasswordContext {
  readonly username: string;
  readonly email: string | undefined;
  readonly issuerHost: string;
}

/** What is wrong with a new password; empty when nothing is. */
export type CheckPassword = (
  password: string,
  who: Pick<PasswordContext, "username" | "email">,
) => Promise<AccountProblem[]>;

export interface PasswordPolicyDeps {
  readonly issuerHost: string;
  /** In code points. */
  readonly minLength: number;
  /** Whether others use it or it was found in a breach; `password` as it was typed. */
  readonly isCommon: (password: string) => Promise<boolean>;
}

/** The rules of `findWeaknesses`, and lists of passwords that are known. */
export function createCheckPassword(deps: PasswordPolicyDeps): CheckPassword {
  const { issuerHost, minLength, isCommon } = deps;
  return async (password, { username, email }) => {
    const problems = findWeaknesses(password, { username, email, issuerHost }, minLength);
    if (problems.length > 0 || !(await isCommon(password))) return problems;
    return [
      accountProblem(
        "policy.common",
        "The password is on a list of common or leaked passwords, which are tried first.",
      ),
    ];
  };
}

/**
 * What is wrong with a new password by itself, in sentences for the person who chose it.
 *
 * No composition rules: NIST SP 800-63B-4 §3.1.1.2 forbids them.
 */
export function findWeaknesses(
  password: string,
  context: PasswordContext,
  minLength = MIN_PASSWORD_CODE_POINTS,
): AccountProblem[] {
  const normalized = passwordNormalForm(password);
  if (normalized === undefined) {
    const words = `The password must be text of at most ${MAX_PASSWORD_BYTES} bytes.`;
    return [accountProblem("policy.too-long", words, { max: MAX_PASSWORD_BYTES })];
  }
  const problems: AccountProblem[] = [];
  // Counted in NFC: NFKC makes 18 code points of one typed "ﷺ", and NFD two of one "é".
  if (Array.from(password.normalize("NFC")).length < minLength) {
    const words = `The password must have at least ${minLength} characters.`;
    problems.push(accountProblem("policy.too-short", words, { min: minLength }));
  }
  const compared = normalized.toLowerCase();
  if (repeatsShortPiece(compared)) {
    problems.push(
      accountProblem("policy.repeats", "The password must not repeat one short piece."),
    );
  }
  if (isSequence(compared)) {
    const words = "The password must not be a sequence of letters, digits or neighbouring keys.";
    problems.push(accountProblem("policy.sequence", words));
  }
  if (isMadeOfKnownWords(compared, context)) {
    const words =
      "The password must not be made of the user name, the e-mail address or the name of this service.";
    problems.push(accountProblem("policy.known-words", words));
  }
  return problems;
}

/** A repeated piece is as hard to guess as the piece, so that has to be long enough by itself. */
function repeatsShortPiece(text: string): boolean {
  const characters = Array.from(text);
  const repeats = (pieceLength: number) =>
    characters.length % pieceLength === 0 &&
    characters.every((character, index) => character === characters[index % pieceLength]);
  for (let length = 1; length < MIN_PASSWORD_CODE_POINTS; length += 1) {
    if (length * 2 <= characters.length && repeats(length)) return true;
  }
  return false;
}

function isSequence(text: string): boolean {
  const backwards = Array.from(text).toReversed().join("");
  return SEQUENCES.some((sequence) => {
    const round = sequence.repeat(Math.ceil(text.length / sequence.length) + 1);
    return text !== "" && (round.includes(text) || round.includes(backwards));
  });
}

/** Digits, spaces, punctuation and signs; not pictures, which make a password as letters do. */
const PADDING = /^[\p{N}\p{P}\p{Sc}\p{Sk}\p{Sm}\s]*$/u;

/** Whether nothing but padding is left once the known words are taken out. */
function isMadeOfKnownWords(text: string, context: PasswordContext): boolean {
  const rest = knownWords(context).reduce((left, word) => left.replaceAll(word, " "), text);
  return rest !== text && PADDING.test(rest);
}

/** Longest first, so that a word is taken out before the words it contains. */
function knownWords({ username, email, issuerHost }: PasswordContext): string[] {
  const words = [username, email, email?.split("@")[0], PRODUCT_NAME, issuerHost];
  return (
    [...words, ...issuerHost.split(/[.:]/)]
      .filter((word) => word !== undefined)
      .map((word) => word.normalize("NFKC").trim().toLowerCase())
      // Digits alone would be found in any long number.
      .filter((word) => /\p{L}/u.test(word))
      .toSorted((a, b) => b.length - a.length)
  );
}
