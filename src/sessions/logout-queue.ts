import type { LogoutDeliveryStore, RequestedLogout } from "./logout-delivery-store.js";

/** Where whoever ends a session leaves word for its clients. */
export interface LogoutQueue {
  /**
   * Resolves when all of it is durable; nobody waits for a client. To be called before the session
   * ends: what fails here can be asked for again as long as the session is there.
   */
  enqueueLogout(logouts: readonly RequestedLogout[]): Promise<void>;
  /** Is called when something was enqueued by this process. */
  subscribe(listener: () => void): void;
}

export function createLogoutQueue(store: Pick<LogoutDeliveryStore, "enqueue">): LogoutQueue {
  const listeners: (() => void)[] = [];
  return {
    async enqueueLogout(logouts) {
      if (logouts.length === 0) return;
      await store.enqueue(sortedOnce(logouts));
      for (const listener of listeners) listener();
    },
    subscribe: (listener) => void listeners.push(listener),
  };
}

/** Each once, as one statement demands, and sorted, so that two never wait for each other in a circle. */
function sortedOnce(logouts: readonly RequestedLogout[]): RequestedLogout[] {
  const byName = new Map(logouts.map((logout) => [`${logout.clientId} ${logout.sid}`, logout]));
  return [...byName].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, logout]) => logout);
}
