import type { Knex } from "knex";
import { normalizeIdentifier, toAccountId } from "../accounts/account.js";
import type { FederatedIdentity } from "../accounts/federated-identity.js";
import type {
  FederatedIdentityStore,
  NewFederatedIdentity,
} from "../accounts/federated-identity-store.js";
import { IdentifierTakenError } from "../accounts/identifier-taken-error.js";
import type { Clock } from "../lib/clock.js";
import { insertAccount, toAccount } from "./account-row.js";
import { isFindable } from "./findable.js";
import type { Database } from "./open-database.js";
import { reportOutages } from "./report-outages.js";
import { hasOtherWayIn, lockWaysIn } from "./ways-in.js";
import type { AccountRow, FederatedIdentityRow } from "./account-tables.js";

export interface SqlFederatedIdentityStoreDeps {
  readonly database: Database;
  readonly clock: Clock;
}

/** Undoes a transaction of which one part came too late. */
class TooLate extends Error {}

/** Identities in `federated_identity`, invitations in `account_invitation`. */
export function createSqlFederatedIdentityStore({
  database,
  clock,
}: SqlFederatedIdentityStoreDeps): FederatedIdentityStore {
  const { knex, dialect } = database;

  /** @returns whose the identity is now. */
  async function insertIdentity(
    transaction: Knex,
    accountId: string,
    identity: NewFederatedIdentity,
  ): Promise<string | undefined> {
    const { issuer, subject, provider, display } = identity;
    const row = { issuer, subject, provider, display: display ?? null };
    const now = clock.nowSeconds();
    await transaction("federated_identity")
      .insert({ ...row, account_id: accountId, linked_at: now, last_used_at: null })
      .onConflict(["issuer", "subject"])
      .ignore();
    const found = await transaction("federated_identity").where({ issuer, subject }).first();
    return found?.account_id;
  }

  /** @returns false, with nothing changed, when a part of it came too late. */
  async function changeTogether(change: (transaction: Knex.Transaction) => Promise<void>) {
    try {
      await knex.transaction(change);
      return true;
    } catch (err) {
      if (err instanceof TooLate || dialect.isForeignKeyViolation(err)) return false;
      throw err;
    }
  }

  return reportOutages<FederatedIdentityStore>(dialect, {
    async find({ issuer, subject }) {
      if (!isFindable(subject)) return undefined;
      const row = await knex("federated_identity").where({ issuer, subject }).first();
      return row === undefined ? undefined : toIdentity(row);
    },

    async listOfAccount(id) {
      const rows = await knex("federated_identity")
        .where({ account_id: id })
        .orderBy(["linked_at", "issuer", "subject"]);
      return rows.map(toIdentity);
    },

    async findAddressHolder(email) {
      const normalized = normalizeIdentifier(email);
      if (!isFindable(normalized)) return undefined;
      const row: (AccountRow & Holding) | undefined = await knex("account_identifier as name")
        .join("account", "account.id", "name.account_id")
        .leftJoin("password_credential as password", "password.account_id", "account.id")
        .leftJoin("account_invitation as invitation", "invitation.account_id", "account.id")
        .where("name.identifier", normalized)
        .first(
          "account.*",
          "password.account_id as password_of",
          "invitation.expires_at as invited_until",
          knex("federated_identity").whereRaw("account_id = account.id").count().as("identities"),
          knex("passkey").whereRaw("account_id = account.id").count().as("passkeys"),
        );
      if (row === undefined) return undefined;
      const others = Number(row.identities) + Number(row.passkeys);
      const hasWayIn = row.password_of !== null || others > 0;
      const isInvited = !hasWayIn && (row.invited_until ?? 0) > clock.nowSeconds();
      return { account: toAccount(row), hasWayIn, isInvited };
    },

    createAccount: (account, identity) =>
      knex.transaction(async (transaction) => {
        const created = await insertAccount(transaction, account, clock.nowSeconds());
        const owner = await insertIdentity(transaction, account.id, identity);
        if (owner !== account.id) throw new IdentifierTakenError(account.username);
        return created;
      }),

    async invite(id, untilSeconds) {
      const invitation = { created_at: clock.nowSeconds(), expires_at: untilSeconds };
      return changeTogether(async (transaction) => {
        await transaction("account_invitation")
          .insert({ account_id: id, ...invitation })
          .onConflict("account_id")
          .merge();
      });
    },

    claimInvitation: (id, identity) =>
      changeTogether(async (transaction) => {
        const now = clock.nowSeconds();
        const taken = await transaction("account_invitation")
          .where({ account_id: id })
          .where("expires_at", ">", now)
          .delete();
        if (taken === 0) throw new TooLate();
        if ((await insertIdentity(transaction, id, identity)) !== id) throw new TooLate();
        await transaction("account")
          .where({ id })
          .update({ email_verified: true, updated_at: now });
      }),

    link: (id, identity) =>
      changeTogether(async (transaction) => {
        if ((await insertIdentity(transaction, id, identity)) !== id) throw new TooLate();
      }),

    async recordUse({ issuer, subject, provider, display }) {
      const used = { provider, display: display ?? null, last_used_at: clock.nowSeconds() };
      await knex("federated_identity").where({ issuer, subject }).update(used);
    },

    unlink: (id, subject, waysIn) =>
      knex.transaction(async (transaction) => {
        await lockWaysIn(transaction, id, clock.nowSeconds());
        const own = { account_id: id, issuer: subject.issuer, subject: subject.subject };
        const linked = await transaction("federated_identity").where(own).first("account_id");
        if (linked === undefined) return "not_linked";
        const hasOther = await hasOtherWayIn(transaction, id, waysIn, { identity: subject });
        if (!hasOther) return "last_way_in";
        await transaction("federated_identity").where(own).delete();
        return "unlinked";
      }),
  });
}

interface Holding {
  password_of: string | null;
  invited_until: number | null;
  identities: number | string;
  passkeys: number | string;
}

function toIdentity(row: FederatedIdentityRow): FederatedIdentity {
  return {
    issuer: row.issuer,
    subject: row.subject,
    accountId: toAccountId(row.account_id),
    provider: row.provider,
    display: row.display ?? undefined,
    linkedAtSeconds: row.linked_at,
    lastUsedAtSeconds: row.last_used_at ?? undefined,
  };
}
