import type { Clock } from "../lib/clock.js";
import { randomToken } from "../lib/random-token.js";
import type { ClaimedEnding, EndingStore } from "../sessions/ending-store.js";
import type { Database } from "./open-database.js";
import { reportOutages } from "./report-outages.js";
import type { SessionEndingRow } from "./tables.js";

export interface SqlEndingStoreDeps {
  readonly database: Database;
  /** Judges what is due and when a lease ends: nodes need clocks that agree. */
  readonly clock: Clock;
}

/** 128 bit: names one attempt to complete an ending. */
const CLAIM_BYTES = 16;

/** Endings in `session_ending`. A claim is a random value beside the time when its lease ends. */
export function createSqlEndingStore({ database, clock }: SqlEndingStoreDeps): EndingStore {
  const { knex, dialect } = database;

  return reportOutages<EndingStore>(dialect, {
    async request({ subject, id, reason }, leaseSeconds) {
      const now = clock.nowSeconds();
      const row = {
        subject,
        id,
        reason,
        ended_until: now,
        due_at: now + leaseSeconds,
        claim: randomToken(CLAIM_BYTES),
      };
      await knex("session_ending").insert(row).onConflict(["subject", "id"]).merge();
      return toClaimed(row);
    },

    async claim(leaseSeconds) {
      const now = clock.nowSeconds();
      const next = knex("session_ending")
        .select("subject", "id")
        .where("due_at", "<=", now)
        .orderBy(["due_at", "subject", "id"])
        .limit(1);
      const [row] = await knex("session_ending")
        // Compared and not searched for: PostgreSQL then chooses, and locks, one row once.
        .whereRaw("(subject, id) = (?)", [dialect.skipLocked(next)])
        .update({ claim: randomToken(CLAIM_BYTES), due_at: now + leaseSeconds })
        .returning("*");
      return row === undefined ? undefined : toClaimed(row);
    },

    async finish({ subject, id, claim }) {
      await knex("session_ending").where({ subject, id, claim }).delete();
    },
  });
}

function toClaimed(row: SessionEndingRow): ClaimedEnding {
  const { subject, id, reason, ended_until: endedUntilSeconds, claim } = row;
  return { subject, id, reason, endedUntilSeconds, claim: claim ?? "" };
}
