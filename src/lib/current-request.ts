import { AsyncLocalStorage } from "node:async_hooks";

/** What is known of the browser that asks, wherever its request has got to. */
export interface RequestOrigin {
  readonly ip: string;
  readonly userAgent: string;
}

const storage = new AsyncLocalStorage<() => RequestOrigin>();

/** @param describe called only when somebody wants to know. */
export function runInRequest<T>(describe: () => RequestOrigin, run: () => T): T {
  return storage.run(describe, run);
}

/** Undefined outside of requests, as in a command. */
export function findRequestOrigin(): RequestOrigin | undefined {
  return storage.getStore()?.();
}
