/** 1,024 bytes of UTF-8: far above any passphrase, and what one request can make us hash is bounded. */
export const MAX_PASSWORD_BYTES = 1024;

/** NFKC makes at most one byte out of two code units, so beyond this the cap is exceeded anyway. */
const MAX_CODE_UNITS = 4 * MAX_PASSWORD_BYTES;

/**
 * The form in which a password is hashed, the same when it is set and when it is verified: NFKC
 * (NIST SP 800-63B-4 §3.1.1.2), so that one keyboard's "é" is the other's. Nothing is trimmed or cut.
 *
 * @returns undefined for what can be no password of ours: over the cap, or not Unicode text (a lone
 * surrogate), all of which UTF-8 would make the same.
 */
export function passwordNormalForm(password: string): string | undefined {
  if (password.length > MAX_CODE_UNITS || !password.isWellFormed()) return undefined;
  const normalized = password.normalize("NFKC");
  return Buffer.byteLength(normalized) > MAX_PASSWORD_BYTES ? undefined : normalized;
}
