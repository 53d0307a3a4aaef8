import type { AccountStore } from "../accounts/account-store.js";
import type { Clock } from "../lib/clock.js";
import { randomToken } from "../lib/random-token.js";
import { toAccount } from "./account-row.js";
import type { Database } from "./open-database.js";

type Deletions = Pick<
  AccountStore,
  "requestDeletion" | "cancelDeletion" | "claimDeletion" | "removeClaimed"
>;

/** 128 bit. */
const CLAIM_BYTES = 16;
/** 2 s: applications are told that its sessions ended first. */
const LOGOUTS_WAIT_SECONDS = 2;

/** Accounts that go: columns of `account`, and what else lies about them. */
export function createSqlAccountDeletion({
  database: { knex, dialect },
  clock,
}: {
  readonly database: Database;
  readonly clock: Clock;
}): Deletions {
  return {
    async requestDeletion(id, dueAtSeconds) {
      const [row] = await knex("account")
        .where({ id })
        .update({
          deletion_due_at: knex.raw(
            "case when deletion_due_at < ? then deletion_due_at else cast(? as bigint) end",
            [dueAtSeconds, dueAtSeconds],
          ),
          updated_at: clock.nowSeconds(),
        })
        .returning("deletion_due_at");
      return row?.deletion_due_at ?? undefined;
    },

    async cancelDeletion(id) {
      const now = clock.nowSeconds();
      const kept = await knex("account")
        .where({ id })
        .whereNull("deletion_claim")
        .where("deletion_due_at", ">", now)
        .update({ deletion_due_at: null, updated_at: now });
      return kept === 1;
    },

    async claimDeletion(leaseSeconds) {
      const now = clock.nowSeconds();
      const claim = randomToken(CLAIM_BYTES);
      const next = knex("account")
        .select("id")
        .where("deletion_due_at", "<=", now)
        .whereRaw("(deletion_lease_until is null or deletion_lease_until <= ?)", [now])
        .orderBy(["deletion_due_at", "id"])
        .limit(1);
      const [row] = await knex("account")
        .where("id", dialect.skipLocked(next))
        .update({ deletion_claim: claim, deletion_lease_until: now + leaseSeconds })
        .returning("*");
      return row === undefined ? undefined : { account: toAccount(row), claim };
    },

    removeClaimed: (id, claim) =>
      knex.transaction(async (transaction) => {
        const mine = { id, deletion_claim: claim };
        const waitsUntil = clock.nowSeconds() + LOGOUTS_WAIT_SECONDS;
        // Written first, so that the row is this transaction's.
        const held = await transaction("account")
          .where(mine)
          .update({ deletion_lease_until: waitsUntil });
        if (held !== 1) return "lost";
        const waiting = await transaction("logout_delivery")
          .where({ account_id: id, state: "pending" })
          .first("id");
        if (waiting !== undefined) return "waits";
        await transaction("logout_delivery").where({ account_id: id }).delete();
        await transaction("mail_message").where({ account_id: id }).delete();
        await transaction("model").where({ account_id: id }).delete();
        // The rest goes with it.
        await transaction("account").where({ id }).delete();
        return "removed";
      }),
  };
}
