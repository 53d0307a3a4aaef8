/**
 * Tells clients that sessions ended. Owns when an attempt is made, by whom, and how often; does not
 * own what is sent (`oidc/backchannel-logout.ts`) or what it is remembered in (`storage/`). Every
 * server process runs one, `main.ts` starts and stops it.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Audit } from "../lib/audit.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import { createDestinationLimits } from "./destination-limits.js";
import type {
  ClaimedLogout,
  LogoutDelivery,
  LogoutDeliveryStore,
} from "./logout-delivery-store.js";
import type { LogoutQueue } from "./logout-queue.js";
import { createOccasions } from "../lib/occasions.js";
import { retryDelaySeconds } from "../lib/retry-delay.js";
import { workOnOccasions } from "../lib/work-on-occasions.js";

/** What came of one attempt. `refused`: trying again would not help. */
export type SendOutcome =
  | { readonly result: "delivered" }
  | { readonly result: "failed" | "refused"; readonly reason: string };

/** @throws when no attempt could be made, since a store of ours was away. */
export type SendLogout = (logout: LogoutDelivery) => Promise<SendOutcome>;

export interface LogoutDeliveryDeps {
  readonly logoutDeliveries: LogoutDeliveryStore;
  readonly logoutQueue: Pick<LogoutQueue, "subscribe">;
  readonly backchannelLogout: { readonly send: SendLogout };
  readonly clock: Clock;
  readonly audit: Audit;
  readonly logger: Pick<Logger, "info" | "warn">;
}

export interface RunningLogoutDelivery {
  /** Begins nothing more, lets what is under way finish for a while, and gives the rest back. */
  stop(): Promise<void>;
}

/** 24 h: an application that is away for a night and a morning still learns of it. */
const RETRIED_FOR_SECONDS = 86_400;
/** 32: each waits for somebody else's server and costs this one a socket. */
const MAX_RUNNING = 32;
/** 30 s: three times what an attempt may take (`MESSAGE_TIMEOUT_MS`), so that it is over by then. */
const LEASE_SECONDS = 30;
/** 2 s: how soon this process sees what others enqueued or gave up, and what is due again. */
const POLL_INTERVAL_MS = 2_000;
/** 100 ms: the session has ended before its clients hear of it, and the person's answer goes first. */
const HEAD_START_MS = 100;
/** 3 s of the 5 that a process has to close. */
const STOP_GRACE_MS = 3_000;
const OVERDUE_INTERVAL_MS = 60_000;
const OVERDUE_BATCH_SIZE = 100;

export function startLogoutDelivery(deps: LogoutDeliveryDeps): RunningLogoutDelivery {
  const { logoutDeliveries: store, backchannelLogout, clock, audit, logger } = deps;
  const limits = createDestinationLimits();
  const occasions = createOccasions(POLL_INTERVAL_MS);
  const running = new Map<ClaimedLogout, Promise<void>>();
  let isInterrupted = false;
  let overdueAtMs = 0;
  deps.logoutQueue.subscribe(() => void setTimeout(occasions.wake, HEAD_START_MS).unref());

  async function conclude(claimed: ClaimedLogout, outcome: SendOutcome): Promise<void> {
    if (outcome.result === "delivered") {
      if (await store.markDelivered(claimed)) audit(auditOf(claimed));
      return;
    }
    const { reason } = outcome;
    const failures = claimed.failures + 1;
    if (outcome.result === "refused") {
      if (await store.markFailed(claimed, reason)) audit(auditOf(claimed, reason));
      return;
    }
    const delaySeconds = retryDelaySeconds(failures, Math.random());
    const level = claimed.failures === 0 ? "warn" : "info";
    const { id, clientId } = claimed;
    logger[level]({ id, clientId, reason, failures, delaySeconds }, "logout was not delivered yet");
    await store.postpone(claimed, { reason, delaySeconds });
  }

  async function attempt(claimed: ClaimedLogout): Promise<void> {
    const begunAtMs = performance.now();
    let succeeded = false;
    limits.begin(claimed.destination);
    try {
      const outcome = await backchannelLogout.send(claimed);
      succeeded = outcome.result !== "failed";
      await conclude(claimed, outcome);
    } catch (err) {
      // Its lease ends, and somebody tries again.
      logger.warn({ err, id: claimed.id }, "an attempt to deliver a logout was not completed");
    } finally {
      limits.end(claimed.destination, { succeeded, tookMs: performance.now() - begunAtMs });
      running.delete(claimed);
      occasions.wake();
    }
  }

  async function giveBack(claimed: ClaimedLogout): Promise<void> {
    try {
      await store.release(claimed);
    } catch (err) {
      logger.warn({ err, id: claimed.id }, "a logout was not given back: its lease has to end");
    }
  }

  async function failOverdue(): Promise<void> {
    if (performance.now() < overdueAtMs) return;
    const failed = await store.failOverdue(
      clock.nowSeconds() - RETRIED_FOR_SECONDS,
      OVERDUE_BATCH_SIZE,
    );
    for (const logout of failed) audit(auditOf(logout, logout.reason ?? ""));
    if (failed.length < OVERDUE_BATCH_SIZE) overdueAtMs = performance.now() + OVERDUE_INTERVAL_MS;
  }

  /** @returns whether there may be more to begin. */
  async function beginNext(): Promise<boolean> {
    await failOverdue();
    if (running.size >= MAX_RUNNING) return false;
    const claimed = await store.claim({
      exceptDestinations: limits.full(),
      leaseSeconds: LEASE_SECONDS,
    });
    isInterrupted = false;
    if (claimed === undefined) return false;
    running.set(claimed, attempt(claimed));
    return true;
  }

  async function beginNextOrReport(): Promise<boolean> {
    try {
      return await beginNext();
    } catch (err) {
      if (!isInterrupted) logger.warn({ err }, "logouts are not delivered: the store is away");
      isInterrupted = true;
      return false;
    }
  }

  const work = workOnOccasions(occasions, beginNextOrReport);

  return {
    async stop() {
      await work.stop();
      const finished = Promise.all(running.values());
      await Promise.race([finished, delay(STOP_GRACE_MS, undefined, { ref: false })]);
      await Promise.all(Array.from(running.keys(), giveBack));
    },
  };
}

/** @param reason why it failed for good; undefined: it was delivered. */
function auditOf(logout: LogoutDelivery, reason?: string): Parameters<Audit>[0] {
  const { id, clientId, accountId, failures } = logout;
  const facts = { deliveryId: id, clientId, accountId, failures };
  return reason === undefined
    ? { event: "logout.delivered", outcome: "success", ...facts }
    : { event: "logout.failed", outcome: "failure", reason, ...facts };
}
