import { randomBytes } from "node:crypto";
import type { PasswordHashTask, PasswordHashWorkerData } from "./password-hash-worker.js";
import { createPasswordHashingPool } from "./password-hashing-pool.js";
import { MAX_PASSWORD_BYTES, passwordNormalForm } from "./password-normal-form.js";

export interface PasswordHashingOptions {
  readonly memoryKib: number;
  readonly iterations: number;
  readonly parallelism: number;
  /** Passwords hashed at once; each takes a processor and `memoryKib`. */
  readonly concurrency: number;
  /** Passwords that may wait for that. */
  readonly queueLength: number;
  /** How far below the server's own the priority of hashing is, 0 to 19. Linux only. */
  readonly niceness: number;
}

/** Hashes passwords with argon2id, in threads that leave the rest of the server its share. */
export interface PasswordHasher {
  /** @returns a PHC string. @throws RangeError for a password that the policy refuses as too long. */
  hash(password: string): Promise<string>;
  /**
   * Takes the same time for a hash that cannot be read, which no password matches, as for a wrong
   * password; none at all for a password over the length cap, whatever the hash.
   */
  verify(password: string, phc: string): Promise<boolean>;
  /** The work of `verify`, for when there is no hash. */
  verifyNothing(password: string): Promise<false>;
  /** Whether the hash was made by another function or with other parameters than now. */
  needsRehash(phc: string): boolean;
  close(): Promise<void>;
}

/** 19 MiB, 2 passes: OWASP Password Storage and ASVS 5.0 appendix C. */
export const DEFAULT_PASSWORD_HASHING: PasswordHashingOptions = {
  memoryKib: 19_456,
  iterations: 2,
  parallelism: 1,
  concurrency: 1,
  queueLength: 64,
  niceness: 5,
};

const WORKER_URL = new URL("./password-hash-worker.js", import.meta.url);
const SALT_BYTES = 16;
const OUTPUT_BYTES = 32;

/**
 * Every method that hashes rejects with PasswordHashingOverloadedError when too many are waiting.
 */
export function createPasswordHasher(options: PasswordHashingOptions): PasswordHasher {
  const { memoryKib, iterations, parallelism, concurrency, queueLength, niceness } = options;
  const workerData: PasswordHashWorkerData = { niceness };
  const pool = createPasswordHashingPool<PasswordHashTask, string | boolean>({
    workerUrl: WORKER_URL,
    workerData,
    concurrency,
    queueLength,
  });
  const parameters = { memoryCost: memoryKib, timeCost: iterations, parallelism };
  const currentPrefix = `$argon2id$v=19$m=${memoryKib},t=${iterations},p=${parallelism}$`;
  // Of no password: finding one whose hash is these random bytes is finding a preimage.
  const decoyPhc = `${currentPrefix}${phcBytes(SALT_BYTES)}$${phcBytes(OUTPUT_BYTES)}`;

  async function verify(password: string, phc: string): Promise<boolean> {
    const normalized = passwordNormalForm(password);
    if (normalized === undefined) return false;
    return (await pool.run({ kind: "verify", password: normalized, phc, decoyPhc })) === true;
  }

  return {
    async hash(password) {
      const normalized = passwordNormalForm(password);
      if (normalized === undefined) {
        throw new RangeError(`A password is Unicode text of at most ${MAX_PASSWORD_BYTES} bytes.`);
      }
      return String(await pool.run({ kind: "hash", password: normalized, parameters }));
    },
    verify,
    async verifyNothing(password) {
      await verify(password, decoyPhc);
      return false;
    },
    needsRehash: (phc) => !phc.startsWith(currentPrefix),
    close: () => pool.close(),
  };
}

/** Random bytes in the unpadded base64 of PHC strings. */
function phcBytes(bytes: number): string {
  return randomBytes(bytes).toString("base64").replaceAll("=", "");
}
