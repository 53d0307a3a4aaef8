import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { PasswordHashingOverloadedError } from "./password-hashing-overloaded-error.js";

export interface PasswordHashingPoolOptions {
  /** Compiled module that exports `runTask`. */
  readonly workerUrl: URL;
  readonly workerData: unknown;
  /** Threads, and so tasks under way at once. */
  readonly concurrency: number;
  /** Tasks that may wait beyond those under way. */
  readonly queueLength: number;
}

export interface PasswordHashingPool<Task, Result> {
  /** @throws PasswordHashingOverloadedError at once when the queue is full or the pool closes. */
  run(task: Task): Promise<Result>;
  /** Finishes what was admitted, then ends the threads. */
  close(): Promise<void>;
}

/** 30 s: a thread costs an idle server memory, and starting one again delays a sign-in by 0.1 s. */
const IDLE_TIMEOUT_MS = 30_000;

/** Worker threads, started by the first task and ended when idle, with a bound on all that waits. */
export function createPasswordHashingPool<Task, Result>({
  workerUrl,
  workerData,
  concurrency,
  queueLength,
}: PasswordHashingPoolOptions): PasswordHashingPool<Task, Result> {
  const admitted = new Set<Promise<Result>>();
  let piscina: Piscina<Task, Result> | undefined;
  let closing = false;

  function openPiscina(): Piscina<Task, Result> {
    const opened = new Piscina<Task, Result>({
      filename: fileURLToPath(workerUrl),
      name: "runTask",
      workerData,
      minThreads: 0,
      maxThreads: concurrency,
      idleTimeout: IDLE_TIMEOUT_MS,
      recordTiming: false,
    });
    // Told of a thread that broke without a task, as when it cannot start. Piscina would let what
    // waits for that thread wait for ever; so it all fails now, and the next task starts afresh.
    opened.on("error", () => {
      if (piscina === opened) piscina = undefined;
      // It never rejects, and there is nobody to wait for it.
      void opened.destroy();
    });
    return opened;
  }

  return {
    async run(task) {
      if (closing || admitted.size >= concurrency + queueLength) {
        throw new PasswordHashingOverloadedError();
      }
      piscina ??= openPiscina();
      const result = piscina.run(task);
      admitted.add(result);
      try {
        return await result;
      } finally {
        admitted.delete(result);
      }
    },
    async close() {
      closing = true;
      await Promise.allSettled(admitted);
      await piscina?.destroy();
    },
  };
}
