/**
 * Writes down what happens to accounts, out of the security events, for the people whose they are.
 * Nobody waits for it: events are gathered and written together, at the latest when the process
 * closes. Made in `composition/`, around the audit log.
 */
import { createHash, randomUUID } from "node:crypto";
import type { Audit, AuditEntry } from "../lib/audit.js";
import type { Clock } from "../lib/clock.js";
import { findRequestOrigin } from "../lib/current-request.js";
import type { Logger } from "../lib/logger.js";
import type { AccountEvent, AccountEventStore } from "./account-event-store.js";
import { activityKindOf, collapsedSeconds } from "./activity-kinds.js";

export interface RecordActivityDeps {
  readonly audit: Audit;
  readonly accountEvents: Pick<AccountEventStore, "add">;
  /** The network of an address, which is all that is kept of it. */
  readonly networkOf: (ip: string) => string | undefined;
  readonly keptSeconds: number;
  readonly clock: Clock;
  readonly logger: Pick<Logger, "warn">;
}

export interface RecordedActivity {
  /** The same log, which also writes down what people are told of. */
  readonly audit: Audit;
  /** Resolves when all that was told so far is written, or could not be. */
  readonly flushActivity: () => Promise<void>;
}

/** 0.5 s: who opens the page after they did something sees it there. */
const WAIT_MS = 500;
/** 10,000 wait at most while the store is away; the oldest are given up for newer ones. */
const MAX_WAITING = 10_000;
/** Longer ones are not from browsers. */
const MAX_USER_AGENT_LENGTH = 256;

export function createRecordActivity(deps: RecordActivityDeps): RecordedActivity {
  const { accountEvents, clock, logger, keptSeconds } = deps;
  let waiting = new Map<string, AccountEvent>();
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  let isInterrupted = false;

  function toEvent(entry: AuditEntry): AccountEvent | undefined {
    const { accountId, clientId, provider } = entry;
    const kind = activityKindOf(entry);
    if (accountId === undefined || kind === undefined) return undefined;
    const origin = findRequestOrigin();
    const atSeconds = clock.nowSeconds();
    const ip = entry.ip ?? origin?.ip;
    return {
      id: idOf(accountId, kind, atSeconds),
      accountId,
      kind,
      about: clientId ?? (typeof provider === "string" ? provider : undefined),
      userAgent: origin?.userAgent.slice(0, MAX_USER_AGENT_LENGTH),
      network: ip === undefined ? undefined : deps.networkOf(ip),
      count: 1,
      beganAtSeconds: atSeconds,
      atSeconds,
      expiresAtSeconds: atSeconds + keptSeconds,
    };
  }

  function gather(event: AccountEvent): void {
    const { id, count } = event;
    const known = waiting.get(id);
    const beganAtSeconds = known?.beganAtSeconds ?? event.beganAtSeconds;
    waiting.set(id, { ...event, beganAtSeconds, count: count + (known?.count ?? 0) });
    const [oldest] = waiting.keys();
    if (waiting.size > MAX_WAITING && oldest !== undefined) waiting.delete(oldest);
  }

  async function write(): Promise<void> {
    const events = [...waiting.values()];
    waiting = new Map();
    try {
      await accountEvents.add(events);
      isInterrupted = false;
    } catch (err) {
      for (const event of events) gather(event);
      if (!isInterrupted) logger.warn({ err }, "the activity of accounts is not written yet");
      isInterrupted = true;
      schedule();
    }
  }

  function flushActivity(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(write);
    return writing;
  }

  function schedule(): void {
    // What it does never rejects, and is awaited by the next one and at the end.
    timer ??= setTimeout(() => void flushActivity(), WAIT_MS).unref();
  }

  return {
    audit(entry) {
      deps.audit(entry);
      const event = toEvent(entry);
      if (event === undefined) return;
      gather(event);
      schedule();
    },
    async flushActivity() {
      await flushActivity();
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

/** The same for all that are counted together, at whatever node. */
function idOf(accountId: string, kind: string, atSeconds: number): string {
  const seconds = collapsedSeconds(kind);
  if (seconds === undefined) return randomUUID();
  const bucket = Math.floor(atSeconds / seconds);
  return createHash("sha256").update(`${accountId} ${kind} ${bucket}`).digest("base64url");
}
