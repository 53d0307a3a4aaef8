import { MAX_PASSWORD_BYTES, passwordNormalForm } from "./password-normal-form.js";

/** NIST SP 800-63B-4 §3.1.1.2: 15 for a password that is the only factor. */
export const MIN_PASSWORD_CODE_POINTS = 15;

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

/**
 * What is wrong with a new password, in sentences for the person who chose it; empty when nothing is.
 *
 * No composition rules: NIST SP 800-63B-4 §3.1.1.2 forbids them.
 */
export function checkPassword(password: string, context: PasswordContext): string[] {
  const normalized = passwordNormalForm(password);
  if (normalized === undefined) {
    return [`The password must be text of at most ${MAX_PASSWORD_BYTES} bytes.`];
  }
  const problems: string[] = [];
  // Counted in NFC: NFKC makes 18 code points of one typed "ﷺ", and NFD two of one "é".
  if (Array.from(password.normalize("NFC")).length < MIN_PASSWORD_CODE_POINTS) {
    problems.push(`The password must have at least ${MIN_PASSWORD_CODE_POINTS} characters.`);
  }
  const compared = normalized.toLowerCase();
  if (repeatsShortPiece(compared)) {
    problems.push("The password must not repeat one short piece.");
  }
  if (isSequence(compared)) {
    problems.push("The password must not be a sequence of letters, digits or neighbouring keys.");
  }
  if (isMadeOfKnownWords(compared, context)) {
    problems.push(
      "The password must not be made of the user name, the e-mail address or the name of this service.",
    );
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
