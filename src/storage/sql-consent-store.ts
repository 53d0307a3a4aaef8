import type { Knex } from "knex";
import type { Consent, ConsentOfClient, ConsentStore } from "../accounts/consent-store.js";
import type { Clock } from "../lib/clock.js";
import { LatchkeyError } from "../lib/errors.js";
import type { Database } from "./open-database.js";
import { reportOutages } from "./report-outages.js";
import type { ConsentRow } from "./tables.js";

export interface SqlConsentStoreDeps {
  readonly database: Database;
  readonly clock: Clock;
}

/** What is no resource's: OpenID Connect scopes and claims. */
const NO_RESOURCE = "";
/** SQLite takes at most 500 rows in one insert. */
const MAX_ROWS_PER_INSERT = 400;

type ConsentValue = Pick<ConsentRow, "resource" | "kind" | "value">;

/** Consents in `consent`, one row for each value: adding never reads, so no addition is lost. */
export function createSqlConsentStore({ database, clock }: SqlConsentStoreDeps): ConsentStore {
  const { knex, dialect } = database;

  return reportOutages<ConsentStore>(dialect, {
    async find(accountId, clientId) {
      const rows = await knex("consent")
        .where({ account_id: accountId, client_id: clientId })
        .orderBy(["resource", "value"])
        .select("resource", "kind", "value");
      return toConsent(rows);
    },

    async listOfAccount(accountId) {
      const rows = await knex("consent")
        .where({ account_id: accountId })
        .orderBy(["client_id", "resource", "value"])
        .select("client_id", "resource", "kind", "value", "granted_at");
      return [...Map.groupBy(rows, (row) => row.client_id)].map(
        ([clientId, values]): ConsentOfClient => ({
          clientId,
          grantedAtSeconds: Math.max(...values.map((row) => row.granted_at)),
          ...toConsent(values),
        }),
      );
    },

    /** @throws LatchkeyError `consent_not_recorded` when the account or client is gone. */
    async add(accountId, clientId, addition) {
      const granted_at = clock.nowSeconds();
      const rows = toValues(addition).map(({ resource, kind, value }) => {
        return { account_id: accountId, client_id: clientId, resource, kind, value, granted_at };
      });
      try {
        // One statement is atomic by itself; a transaction would cost two more.
        if (rows.length <= MAX_ROWS_PER_INSERT) await insertAll(knex, rows);
        else await knex.transaction((transaction) => insertAll(transaction, rows));
      } catch (err) {
        throw dialect.isForeignKeyViolation(err) ? notRecorded(err) : err;
      }
    },

    async withdraw(accountId, clientId) {
      await knex("consent").where({ account_id: accountId, client_id: clientId }).delete();
    },
  });
}

async function insertAll(connection: Knex, rows: readonly ConsentRow[]): Promise<void> {
  if (rows.length === 0) return;
  await connection("consent").insert(rows.slice(0, MAX_ROWS_PER_INSERT)).onConflict().ignore();
  await insertAll(connection, rows.slice(MAX_ROWS_PER_INSERT));
}

/** Sorted, so that concurrent additions of the same values never wait for each other in a circle. */
function toValues({ scopes, claims, resourceScopes }: Consent): ConsentValue[] {
  const values = [
    ...[...scopes].map((value) => ({ resource: NO_RESOURCE, kind: "scope" as const, value })),
    ...[...claims].map((value) => ({ resource: NO_RESOURCE, kind: "claim" as const, value })),
    ...[...resourceScopes].flatMap(([resource, allowed]) =>
      [...allowed].map((value) => ({ resource, kind: "scope" as const, value })),
    ),
  ];
  return values.toSorted(
    (a, b) =>
      compare(a.resource, b.resource) || compare(a.kind, b.kind) || compare(a.value, b.value),
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function toConsent(values: readonly ConsentValue[]): Consent {
  const scopes = new Set<string>();
  const claims = new Set<string>();
  const resourceScopes = new Map<string, Set<string>>();
  for (const { resource, kind, value } of values) {
    if (kind === "claim") {
      claims.add(value);
    } else if (resource === NO_RESOURCE) {
      scopes.add(value);
    } else {
      resourceScopes.set(resource, (resourceScopes.get(resource) ?? new Set()).add(value));
    }
  }
  return { scopes, claims, resourceScopes };
}

function notRecorded(cause: unknown): LatchkeyError {
  return new LatchkeyError(
    "consent_not_recorded",
    "The account or the application no longer exists.",
    {
      status: 409,
      cause,
    },
  );
}
