/**
 * Delivers mail. Owns when an attempt is made, by whom, and how often; does not own how a mail reads
 * (`render-mail.ts`) or how it is handed over (`smtp.ts`). Every server process runs one.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Audit } from "../lib/audit.js";
import type { Logger } from "../lib/logger.js";
import { createOccasions } from "../lib/occasions.js";
import { retryDelaySeconds } from "../lib/retry-delay.js";
import { workOnOccasions } from "../lib/work-on-occasions.js";
import type { ClaimedMail, MailStore, StoredMail } from "./mail-store.js";
import type { Mailer } from "./mailer.js";
import type { RenderMail } from "./render-mail.js";
import type { SealedMails } from "./sealed-mail.js";
import type { SendBySmtp, SmtpOutcome } from "./smtp.js";

export interface MailDeliveryDeps {
  readonly mailStore: MailStore;
  readonly mailer: Pick<Mailer, "subscribe">;
  readonly sealedMails: SealedMails;
  readonly renderMail: RenderMail;
  /** Undefined: there is no server to hand mail to, and nothing is done. */
  readonly sendBySmtp: SendBySmtp | undefined;
  readonly audit: Audit;
  readonly logger: Pick<Logger, "info" | "warn">;
}

export interface RunningMailDelivery {
  /** Begins nothing more, lets what is under way finish for a while, and puts the rest off. */
  stop(): Promise<void>;
}

/** 5: what mail servers allow one sender, with room for other nodes. */
const MAX_RUNNING = 5;
/** 90 s: longer than an attempt may take (60 s), so that it is over by then. */
const LEASE_SECONDS = 90;
/** 2 s: how soon this process sees what others enqueued or gave up, and what is due again. */
const POLL_INTERVAL_MS = 2_000;
/** 3 s of the 5 that a process has to close. */
const STOP_GRACE_MS = 3_000;
const OVERDUE_INTERVAL_MS = 10_000;
const OVERDUE_BATCH_SIZE = 100;

export function startMailDelivery(deps: MailDeliveryDeps): RunningMailDelivery {
  const { mailStore: store, sealedMails, renderMail, sendBySmtp, audit, logger } = deps;
  const occasions = createOccasions(POLL_INTERVAL_MS);
  const running = new Map<ClaimedMail, Promise<void>>();
  /** Attempts in a row that found no server; while there are some, one mail at a time tries. */
  let timesAway = 0;
  let resumesAtMs = 0;
  let overdueAtMs = 0;
  let isInterrupted = false;
  const stopping = new AbortController();
  deps.mailer.subscribe(occasions.wake);

  function sawServer(): void {
    if (timesAway > 0) logger.info("mail is delivered again");
    timesAway = 0;
    resumesAtMs = 0;
  }

  function missedServer(reason: string): void {
    timesAway += 1;
    const delaySeconds = retryDelaySeconds(timesAway, Math.random());
    resumesAtMs = performance.now() + delaySeconds * 1000;
    const level = timesAway === 1 ? "warn" : "info";
    logger[level]({ reason, delaySeconds }, "mail is not delivered: the mail server is away");
  }

  async function conclude(claimed: ClaimedMail, outcome: SmtpOutcome): Promise<void> {
    if (outcome.result === "delivered") {
      if (await store.markDelivered(claimed)) audit(auditOf(claimed));
      return;
    }
    const { reason } = outcome;
    if (outcome.result === "refused") {
      if (await store.markFailed(claimed, reason)) audit(auditOf(claimed, reason));
      return;
    }
    const delaySeconds = retryDelaySeconds(claimed.failures + 1, Math.random());
    const level = outcome.result === "failed" && claimed.failures === 0 ? "warn" : "info";
    const { id, template, failures } = claimed;
    logger[level]({ id, template, reason, failures, delaySeconds }, "mail was not delivered yet");
    await store.postpone(claimed, { reason, delaySeconds });
  }

  async function send(sender: SendBySmtp, claimed: ClaimedMail): Promise<SmtpOutcome> {
    const content = sealedMails.open(claimed);
    if (content === undefined) {
      return { result: "refused", reason: "it was sealed under another SECRET_KEY" };
    }
    const mail = { id: claimed.id, to: content.to, ...renderMail(content) };
    const outcome = await sender(mail, stopping.signal);
    if (stopping.signal.aborted) return outcome;
    if (outcome.result === "away") missedServer(outcome.reason);
    else sawServer();
    return outcome;
  }

  async function attempt(sender: SendBySmtp, claimed: ClaimedMail): Promise<void> {
    try {
      await conclude(claimed, await send(sender, claimed));
    } catch (err) {
      // Its lease ends, and somebody tries again.
      logger.warn({ err, id: claimed.id }, "an attempt to deliver a mail was not completed");
    } finally {
      running.delete(claimed);
      occasions.wake();
    }
  }

  async function failOverdue(): Promise<void> {
    if (performance.now() < overdueAtMs) return;
    const failed = await store.failOverdue(OVERDUE_BATCH_SIZE);
    for (const mail of failed) audit(auditOf(mail, mail.reason ?? ""));
    if (failed.length < OVERDUE_BATCH_SIZE) overdueAtMs = performance.now() + OVERDUE_INTERVAL_MS;
  }

  /** @returns whether there may be more to begin. */
  async function beginNext(sender: SendBySmtp): Promise<boolean> {
    await failOverdue();
    if (running.size >= (timesAway > 0 ? 1 : MAX_RUNNING)) return false;
    if (performance.now() < resumesAtMs) return false;
    const claimed = await store.claim(LEASE_SECONDS);
    isInterrupted = false;
    if (claimed === undefined) return false;
    running.set(claimed, attempt(sender, claimed));
    return true;
  }

  async function beginNextOrReport(): Promise<boolean> {
    if (sendBySmtp === undefined) return false;
    try {
      return await beginNext(sendBySmtp);
    } catch (err) {
      if (!isInterrupted) logger.warn({ err }, "mail is not delivered: the store is away");
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
      // Cut off and put off, not given back: nobody may send what is still on its way.
      stopping.abort();
      await finished;
    },
  };
}

/** @param reason why it failed for good; undefined: it was delivered. */
function auditOf(mail: StoredMail, reason?: string): Parameters<Audit>[0] {
  const { id: mailId, template, accountId, failures } = mail;
  const facts = { mailId, template, accountId, failures };
  return reason === undefined
    ? { event: "mail.delivered", outcome: "success", ...facts }
    : { event: "mail.failed", outcome: "failure", reason, ...facts };
}
