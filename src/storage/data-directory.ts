import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { LatchkeyError } from "../lib/errors.js";
import { randomToken } from "../lib/random-token.js";
import { codeOf } from "./dialect.js";

export interface DataDirectoryClaim {
  /** Lets the next process in. Ending the process, however it ends, does the same. */
  release(): void;
}

const LOCK_FILE = "lock.sqlite";
/** 32 base64url characters carry 192 bits; what we make has 43. */
const MIN_SECRET_LENGTH = 32;

/**
 * Makes this process the only server on the directory, which is created when absent (for its owner
 * only). Operator commands don't claim it: they work beside a running server.
 *
 * The lock is one of SQLite on a file of its own, so the operating system frees it on `kill -9`.
 *
 * @throws LatchkeyError `data_directory_in_use`, `data_directory_unusable`
 */
export function claimDataDirectory(path: string): DataDirectoryClaim {
  const directory = resolve(path);
  let lock: SqliteDatabase.Database | undefined;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    lock = new SqliteDatabase(join(directory, LOCK_FILE), { timeout: 0 });
    lock.pragma("journal_mode = MEMORY");
    lock.exec("begin exclusive");
    return releasing(lock);
  } catch (err) {
    lock?.close();
    throw cannotClaim(directory, err);
  }
}

function releasing(lock: SqliteDatabase.Database): DataDirectoryClaim {
  return {
    release() {
      lock.close();
    },
  };
}

function cannotClaim(directory: string, cause: unknown): LatchkeyError {
  const code = codeOf(cause);
  const quoted = JSON.stringify(directory);
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) {
    return new LatchkeyError(
      "data_directory_in_use",
      `The data directory ${quoted} is in use by another Latchkey server: stop that one, or give this one another directory.`,
      { cause },
    );
  }
  if (/^SQLITE_(NOTADB|CORRUPT)/.test(code)) {
    const file = JSON.stringify(join(directory, LOCK_FILE));
    return unusable(`The lock file ${file} is damaged: delete it, it holds no data.`, cause);
  }
  return unusable(
    `The data directory ${quoted} can't be used (${code || "unknown reason"}): see that it is a directory with room on ` +
      "its disk and that the user who runs Latchkey may write to it.",
    cause,
  );
}

function unusable(message: string, cause: unknown): LatchkeyError {
  return new LatchkeyError("data_directory_unusable", message, { cause });
}

/**
 * The secret that development mode keeps in a file, made at the first start (32 random bytes in
 * base64url, readable by its owner only). Processes that race get the same one.
 *
 * @throws LatchkeyError `secret_file_unusable`; it never tells what the file holds.
 */
export function loadOrCreateSecretFile(path: string): string {
  const file = resolve(path);
  try {
    return readSecret(file) ?? createSecret(file);
  } catch (err) {
    if (err instanceof LatchkeyError) throw err;
    throw secretFileUnusable(
      `The secret file ${JSON.stringify(file)} can't be used (${codeOf(err) || "unknown reason"}): see that the user who ` +
        "runs Latchkey may read and write it and its directory.",
      err,
    );
  }
}

/** @returns undefined when there is no such file. */
function readSecret(file: string): string | undefined {
  let content: string;
  try {
    content = readFileSync(file, "utf8");
  } catch (err) {
    if (codeOf(err) === "ENOENT") return undefined;
    throw err;
  }
  const secret = content.trim();
  if (secret.length >= MIN_SECRET_LENGTH) return secret;
  throw secretFileUnusable(
    `The secret file ${JSON.stringify(file)} holds ${secret.length} characters instead of ${MIN_SECRET_LENGTH} or more: ` +
      "restore it from a backup; deleting it makes a new one, which can't read what the old one sealed.",
  );
}

/**
 * Written and synced under another name first, then linked, which fails when the name is taken: a
 * file of the final name is complete at every moment, and the first process to get there wins.
 */
function createSecret(file: string): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomToken(8)}`;
  const secret = randomToken();
  try {
    writeSynced(draft, secret);
    linkSync(draft, file);
    syncDirectory(dirname(file));
    return secret;
  } catch (err) {
    const other = codeOf(err) === "EEXIST" ? readSecret(file) : undefined;
    if (other === undefined) throw err;
    return other;
  } finally {
    removeDraft(draft);
  }
}

function writeSynced(file: string, content: string): void {
  const handle = openSync(file, "wx", 0o600);
  try {
    writeSync(handle, content);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function removeDraft(draft: string): void {
  try {
    unlinkSync(draft);
  } catch (err) {
    // Never written: whatever prevented it is the error to report.
    if (codeOf(err) !== "ENOENT") throw err;
  }
}

function secretFileUnusable(message: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError("secret_file_unusable", message, { cause });
}
