import type { Knex } from "knex";
import type { Clock } from "../lib/clock.js";
import { randomToken } from "../lib/random-token.js";
import {
  DELIVERED_KEPT_SECONDS,
  FAILED_KEPT_SECONDS,
  SAME_LOGOUT_SECONDS,
  type ClaimedLogout,
  type LogoutDelivery,
  type LogoutDeliveryStore,
  type RequestedLogout,
} from "../sessions/logout-delivery-store.js";
import { isFindable } from "./findable.js";
import type { Database } from "./open-database.js";
import { reportOutages } from "./report-outages.js";
import type { LogoutDeliveryRow } from "./tables.js";

export interface SqlLogoutDeliveryStoreDeps {
  readonly database: Database;
  /** Judges what is due and when a lease ends: nodes need clocks that agree. */
  readonly clock: Clock;
}

/** 128 bit: names one delivery, and one attempt at it. */
const ID_BYTES = 16;
/** SQLite takes at most 500 rows in one insert. */
const MAX_ROWS_PER_INSERT = 400;

/** Deliveries in `logout_delivery`. A claim is a random value beside the time when its lease ends. */
export function createSqlLogoutDeliveryStore({
  database,
  clock,
}: SqlLogoutDeliveryStoreDeps): LogoutDeliveryStore {
  const { knex, dialect } = database;

  /** What makes a row wait to be delivered, as if it had just been asked for. */
  function pendingNow() {
    const now = clock.nowSeconds();
    return {
      state: "pending" as const,
      failures: 0,
      reason: null,
      requested_at: now,
      due_at: now,
      claim: null,
      finished_at: null,
      expires_at: null,
    };
  }

  async function insertAll(logouts: readonly RequestedLogout[], connection: Knex): Promise<void> {
    if (logouts.length === 0) return;
    const pending = pendingNow();
    const rows = logouts.slice(0, MAX_ROWS_PER_INSERT).map((logout) => ({
      id: randomToken(ID_BYTES),
      client_id: logout.clientId,
      account_id: logout.accountId,
      sid: logout.sid,
      destination: logout.destination,
      ...pending,
    }));
    await connection("logout_delivery")
      .insert(rows)
      .onConflict(["client_id", "sid"])
      .merge(pending)
      .whereRaw("(logout_delivery.due_at is null or logout_delivery.claim is not null)")
      .where("logout_delivery.requested_at", "<=", pending.requested_at - SAME_LOGOUT_SECONDS);
    await insertAll(logouts.slice(MAX_ROWS_PER_INSERT), connection);
  }

  async function finish(
    { id, claim }: ClaimedLogout,
    outcome: Pick<LogoutDeliveryRow, "state" | "reason">,
  ): Promise<boolean> {
    const keptSeconds =
      outcome.state === "delivered" ? DELIVERED_KEPT_SECONDS : FAILED_KEPT_SECONDS;
    const now = clock.nowSeconds();
    const finished = await knex("logout_delivery")
      .where({ id, claim })
      .update({
        ...outcome,
        due_at: null,
        claim: null,
        finished_at: now,
        expires_at: now + keptSeconds,
      });
    return finished === 1;
  }

  return reportOutages<LogoutDeliveryStore>(dialect, {
    async enqueue(logouts) {
      // One statement is atomic by itself; a transaction would cost two more.
      if (logouts.length <= MAX_ROWS_PER_INSERT) return insertAll(logouts, knex);
      return knex.transaction((transaction) => insertAll(logouts, transaction));
    },

    async claim({ exceptDestinations, leaseSeconds }) {
      const now = clock.nowSeconds();
      const claim = randomToken(ID_BYTES);
      const next = knex("logout_delivery")
        .select("id")
        .where("due_at", "<=", now)
        .whereNotIn("destination", [...exceptDestinations])
        .orderBy(["due_at", "id"])
        .limit(1);
      // Compared and not searched for: PostgreSQL then chooses, and locks, one row once.
      const [row] = await knex("logout_delivery")
        .where("id", dialect.skipLocked(next))
        .update({ claim, due_at: now + leaseSeconds })
        .returning("*");
      return row === undefined ? undefined : { ...toDelivery(row), claim };
    },

    markDelivered: (claimed) => finish(claimed, { state: "delivered", reason: null }),
    markFailed: (claimed, reason) => finish(claimed, { state: "failed", reason }),

    async postpone({ id, claim, clientId, failures }, { reason, delaySeconds }) {
      const now = clock.nowSeconds();
      const seen = failures + 1;
      const put = { due_at: now + delaySeconds, reason };
      const postponed = await knex("logout_delivery")
        .where({ id, claim })
        .update({ ...put, claim: null, failures: seen });
      const others = knex("logout_delivery")
        .select("id")
        .where({ client_id: clientId, claim: null })
        .where("due_at", "<=", now)
        .orderBy("id");
      await knex("logout_delivery")
        .whereIn("id", dialect.skipLocked(others))
        .update({
          ...put,
          failures: knex.raw("case when failures < ? then ? else failures end", [seen, seen]),
        });
      return postponed === 1;
    },

    async release({ id, claim }) {
      await knex("logout_delivery")
        .where({ id, claim })
        .update({ claim: null, due_at: clock.nowSeconds() });
    },

    async failOverdue(requestedBeforeSeconds, limit) {
      const now = clock.nowSeconds();
      const overdue = knex("logout_delivery")
        .select("id")
        .whereNotNull("due_at")
        .where("requested_at", "<", requestedBeforeSeconds)
        .whereRaw("(claim is null or due_at <= ?)", [now])
        .limit(limit);
      const rows = await knex("logout_delivery")
        .whereIn("id", dialect.skipLocked(overdue))
        .update({
          state: "failed",
          reason: knex.raw("coalesce(reason, ?)", ["it was never tried"]),
          due_at: null,
          claim: null,
          finished_at: now,
          expires_at: now + FAILED_KEPT_SECONDS,
        })
        .returning("*");
      return rows.map(toDelivery);
    },

    async list({ state, clientId, limit }) {
      const rows = await knex("logout_delivery")
        .where({
          ...(state === undefined ? {} : { state }),
          ...(clientId === undefined ? {} : { client_id: clientId }),
        })
        .orderBy([{ column: "requested_at", order: "desc" }, { column: "id" }])
        .limit(limit);
      return rows.map(toDelivery);
    },

    async restart(id) {
      if (!isFindable(id)) return false;
      const restarted = await knex("logout_delivery")
        .where({ id, claim: null })
        .whereNot({ state: "delivered" })
        .update(pendingNow());
      return restarted === 1;
    },

    async purgeExpired(batchSize) {
      const batch = knex("logout_delivery")
        .select("id")
        .where("expires_at", "<=", clock.nowSeconds())
        .orderBy("expires_at")
        .limit(batchSize);
      return knex("logout_delivery").whereIn("id", dialect.skipLocked(batch)).delete();
    },
  });
}

function toDelivery(row: LogoutDeliveryRow): LogoutDelivery {
  return {
    id: row.id,
    clientId: row.client_id,
    accountId: row.account_id,
    sid: row.sid,
    destination: row.destination,
    state: row.state,
    failures: row.failures,
    reason: row.reason ?? undefined,
    requestedAtSeconds: row.requested_at,
    dueAtSeconds: row.due_at ?? undefined,
    finishedAtSeconds: row.finished_at ?? undefined,
  };
}
