import type { Clock } from "../lib/clock.js";
import { randomToken } from "../lib/random-token.js";
import {
  FAILED_MAIL_KEPT_SECONDS,
  OUTBOX_KEPT_SECONDS,
  type ClaimedMail,
  type MailStore,
  type NewMail,
  type StoredMail,
} from "../mail/mail-store.js";
import { isFindable } from "./findable.js";
import type { MailMessageRow } from "./mail-tables.js";
import type { Database } from "./open-database.js";
import { reportOutages } from "./report-outages.js";

export interface SqlMailStoreDeps {
  readonly database: Database;
  /** Judges what is due and when a lease ends: nodes need clocks that agree. */
  readonly clock: Clock;
}

/** 128 bit: names one attempt. */
const CLAIM_BYTES = 16;

/** Mail in `mail_message`. A claim is a random value beside the time when its lease ends. */
export function createSqlMailStore({ database, clock }: SqlMailStoreDeps): MailStore {
  const { knex, dialect } = database;

  const ofClaim = ({ id, claim }: ClaimedMail) => knex("mail_message").where({ id, claim });

  /** What makes a row stay for a while without being tried. */
  function finished(state: MailMessageRow["state"], keptSeconds: number) {
    return { state, due_at: null, claim: null, expires_at: clock.nowSeconds() + keptSeconds };
  }

  async function insert(
    mail: NewMail,
    state: Pick<MailMessageRow, "state" | "due_at" | "claim" | "expires_at">,
  ): Promise<void> {
    await knex("mail_message").insert({
      id: mail.id,
      account_id: mail.accountId ?? null,
      template: mail.template,
      sealed: mail.sealed,
      failures: 0,
      reason: null,
      requested_at: clock.nowSeconds(),
      useful_until: mail.usefulUntilSeconds,
      ...state,
    });
  }

  return reportOutages<MailStore>(dialect, {
    enqueue: (mail) =>
      insert(mail, {
        state: "pending",
        due_at: clock.nowSeconds(),
        claim: null,
        expires_at: null,
      }),

    keep: (mail) => insert(mail, finished("kept", OUTBOX_KEPT_SECONDS)),

    discard: (mail) => insert(mail, finished("discarded", 0)),

    async claim(leaseSeconds) {
      const now = clock.nowSeconds();
      const claim = randomToken(CLAIM_BYTES);
      const next = knex("mail_message")
        .select("id")
        .where("due_at", "<=", now)
        .orderBy(["due_at", "id"])
        .limit(1);
      // Compared and not searched for: PostgreSQL then chooses, and locks, one row once.
      const [row] = await knex("mail_message")
        .where("id", dialect.skipLocked(next))
        .update({ claim, due_at: now + leaseSeconds })
        .returning("*");
      return row === undefined ? undefined : { ...toMail(row), claim };
    },

    markDelivered: async (claimed) => (await ofClaim(claimed).delete()) === 1,

    async markFailed(claimed, reason) {
      const failures = claimed.failures + 1;
      const changed = await ofClaim(claimed).update({
        ...finished("failed", FAILED_MAIL_KEPT_SECONDS),
        reason,
        failures,
      });
      return changed === 1;
    },

    async postpone(claimed, { reason, delaySeconds }) {
      const postponed = await ofClaim(claimed).update({
        due_at: clock.nowSeconds() + delaySeconds,
        claim: null,
        reason,
        failures: claimed.failures + 1,
      });
      return postponed === 1;
    },

    async failOverdue(limit) {
      const now = clock.nowSeconds();
      const overdue = knex("mail_message")
        .select("id")
        .whereNotNull("due_at")
        .where("useful_until", "<=", now)
        .whereRaw("(claim is null or due_at <= ?)", [now])
        .limit(limit);
      const rows = await knex("mail_message")
        .whereIn("id", dialect.skipLocked(overdue))
        .update({
          ...finished("failed", FAILED_MAIL_KEPT_SECONDS),
          reason: knex.raw("coalesce(reason, ?)", ["it was never tried"]),
        })
        .returning("*");
      return rows.map(toMail);
    },

    async list({ state, limit }) {
      const rows = await knex("mail_message")
        .where(state === undefined ? {} : { state })
        .whereNot({ state: "discarded" })
        .orderBy([{ column: "requested_at", order: "desc" }, { column: "id" }])
        .limit(limit);
      return rows.map(toMail);
    },

    async find(id) {
      if (!isFindable(id)) return undefined;
      const row = await knex("mail_message").where({ id }).first();
      return row === undefined ? undefined : toMail(row);
    },

    async restart(id, usefulForSeconds) {
      if (!isFindable(id)) return false;
      const now = clock.nowSeconds();
      const restarted = await knex("mail_message")
        .where({ id, claim: null })
        .whereIn("state", ["pending", "failed"])
        .update({
          state: "pending",
          failures: 0,
          reason: null,
          due_at: now,
          useful_until: now + usefulForSeconds,
          expires_at: null,
        });
      return restarted === 1;
    },

    async purgeExpired(batchSize) {
      const batch = knex("mail_message")
        .select("id")
        .where("expires_at", "<=", clock.nowSeconds())
        .orderBy("expires_at")
        .limit(batchSize);
      return knex("mail_message").whereIn("id", dialect.skipLocked(batch)).delete();
    },
  });
}

function toMail(row: MailMessageRow): StoredMail {
  return {
    id: row.id,
    accountId: row.account_id ?? undefined,
    template: row.template,
    sealed: row.sealed,
    state: row.state,
    failures: row.failures,
    reason: row.reason ?? undefined,
    requestedAtSeconds: row.requested_at,
    usefulUntilSeconds: row.useful_until,
    dueAtSeconds: row.due_at ?? undefined,
  };
}
