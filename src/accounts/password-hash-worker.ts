import { getPriority, setPriority } from "node:os";
import { workerData } from "node:worker_threads";
import { hashSync, verifySync } from "@node-rs/argon2";

/** Passwords arrive in their normal form. */
export type PasswordHashTask =
  | { readonly kind: "hash"; readonly password: string; readonly parameters: Argon2Parameters }
  | {
      readonly kind: "verify";
      readonly password: string;
      readonly phc: string;
      /** Hashed instead when `phc` cannot be read, so that time does not tell. */
      readonly decoyPhc: string;
    };

export interface Argon2Parameters {
  readonly memoryCost: number;
  readonly timeCost: number;
  readonly parallelism: number;
}

/** What the thread is started with. */
export interface PasswordHashWorkerData {
  readonly niceness: number;
}

/**
 * Runs in worker threads of `password-hashing-pool.ts`, and only there is the argon2 binary loaded.
 * The `Sync` functions compute in this thread; the others would take a thread of libuv's pool, behind
 * which WebCrypto signatures wait.
 */
export function runTask(task: PasswordHashTask): string | boolean {
  if (task.kind === "hash") return hashSync(task.password, task.parameters);
  try {
    return verifySync(task.phc, task.password);
  } catch {
    // Not a PHC string. The message may quote the hash, so it goes nowhere.
    verifySync(task.decoyPhc, task.password);
    return false;
  }
}

/** Linux counts niceness by thread; elsewhere pid 0 would slow the whole process down. */
function lowerOwnPriority({ niceness }: PasswordHashWorkerData): void {
  if (process.platform !== "linux") return;
  try {
    setPriority(0, Math.min(getPriority(0) + niceness, 19));
  } catch {
    // A sandbox forbids it: hashing works at any priority.
  }
}

lowerOwnPriority(workerData);
