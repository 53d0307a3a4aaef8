/**
 * What listing and ending the sessions of one account costs with 100,000 sessions of 10,000 accounts,
 * beside 100 sessions of 10: milliseconds, and the ratio of both. Ending includes what SQL keeps of it:
 * the revocations, and a logout for each client to be told. On each store, or on the one that is
 * named (SQLite, PostgreSQL, Redis).
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ModelRecord, ModelStore } from "../src/oidc/model-store.js";
import { partitionOfAccount } from "../src/oidc/partition.js";
import { systemClock } from "../src/lib/clock.js";
import { randomToken } from "../src/lib/random-token.js";
import { migrateDatabase } from "../src/storage/migrate.js";
import { openDatabase } from "../src/storage/open-database.js";
import { openRedis } from "../src/storage/open-redis.js";
import { createRedisModelStore } from "../src/storage/redis-model-store.js";
import { createSqlLogoutDeliveryStore } from "../src/storage/sql-logout-delivery-store.js";
import { createSqlModelStore } from "../src/storage/sql-model-store.js";
import { createSqlRevocationStore } from "../src/storage/sql-revocation-store.js";
import type { LogoutDeliveryStore } from "../src/sessions/logout-delivery-store.js";
import type {
  Revocation,
  RevocationStore,
  RevocationSubject,
} from "../src/tokens/revocation-store.js";
import { createTestPostgres } from "../test/support/postgres.js";
import { startRedisServer } from "../test/support/redis-servers.js";

const SESSIONS_OF_ACCOUNT = 10;
const FEW_ACCOUNTS = 10;
const MANY_ACCOUNTS = 10_000;
/** Accounts whose sessions are listed and ended at each size. */
const MEASURED = 10;
const LISTINGS = 30;
const CLIENTS = ["web", "mobile"];
const LIFE_SECONDS = 86_400;

interface OpenedStore {
  readonly models: ModelStore;
  /** Of SQL, wherever the models are. */
  readonly revocations: RevocationStore;
  readonly logoutDeliveries: LogoutDeliveryStore;
  /** What a database does by itself some time after so many rows came in. */
  settle(): Promise<unknown>;
  close(): Promise<void>;
}

const STORES: Record<string, () => Promise<OpenedStore>> = {
  SQLite: async () => {
    const folder = await mkdtemp(join(tmpdir(), "latchkey-bench-"));
    const opened = await openSql(`sqlite:${join(folder, "latchkey.sqlite")}`);
    return closing(opened, () => rm(folder, { recursive: true, force: true }));
  },
  PostgreSQL: async () => {
    const { url, drop } = await createTestPostgres();
    return closing(await openSql(url), drop);
  },
  Redis: async () => {
    const { url, drop } = await createTestPostgres();
    const sql = await openSql(url);
    const server = await startRedisServer();
    const redis = await openRedis(server.url, { keyPrefix: "bench" });
    const models = createRedisModelStore({ redis, clock: systemClock });
    const close = async () => {
      await redis.close();
      await sql.close();
    };
    return closing({ ...sql, models, close }, async () => {
      await server.stop();
      await drop();
    });
  },
};

const [, , only] = process.argv;
for (const [name, open] of Object.entries(STORES)) {
  if (only !== undefined && only !== name) continue;
  const store = await open();
  try {
    await measure(store, await fill(store.models, FEW_ACCOUNTS));
    const few = await measure(store, await fill(store.models, FEW_ACCOUNTS));
    const filled = await fill(store.models, MANY_ACCOUNTS);
    await store.settle();
    const many = await measure(store, filled);
    console.log(`${name}: 100 sessions, then 100,000`);
    for (const step of ["list", "end"] as const) {
      const ratio = (many[step] / few[step]).toFixed(2);
      console.log(
        `  ${step}: ${few[step].toFixed(2)} ms, ${many[step].toFixed(2)} ms, ratio ${ratio}`,
      );
    }
  } finally {
    await store.close();
  }
}

async function openSql(url: string): Promise<OpenedStore> {
  const database = await openDatabase(url);
  await migrateDatabase(database);
  const deps = { database, clock: systemClock };
  return {
    models: createSqlModelStore(deps),
    revocations: createSqlRevocationStore(deps),
    logoutDeliveries: createSqlLogoutDeliveryStore(deps),
    // Without it PostgreSQL plans for the few rows that there were.
    settle: async () => database.knex.raw("analyze"),
    close: () => database.close(),
  };
}

function closing({ close, ...stores }: OpenedStore, afterwards: () => Promise<void>): OpenedStore {
  return {
    ...stores,
    async close() {
      await close();
      await afterwards();
    },
  };
}

/** @returns the accounts. */
async function fill(models: ModelStore, count: number): Promise<string[]> {
  const accounts = Array.from({ length: count }, () => `acct_${randomToken(16)}`);
  for (let at = 0; at < count; at += 100) {
    const batch = accounts.slice(at, at + 100);
    // Of one call, a store may expect one partition.
    await Promise.all(batch.map((accountId) => models.upsertTogether(recordsOf(accountId))));
  }
  return accounts;
}

function recordsOf(accountId: string): ModelRecord[] {
  const partition = partitionOfAccount(accountId);
  return Array.from({ length: SESSIONS_OF_ACCOUNT }).flatMap(() => {
    const uid = partition + randomToken();
    const grants = CLIENTS.map((clientId) => ({ clientId, grantId: partition + randomToken() }));
    const session: ModelRecord = {
      model: "Session",
      id: partition + randomToken(),
      payload: {
        uid,
        accountId,
        loginTs: systemClock.nowSeconds(),
        authorizations: Object.fromEntries(
          grants.map(({ clientId, grantId }) => [clientId, { sid: randomToken(), grantId }]),
        ),
      },
      expiresInSeconds: LIFE_SECONDS,
      joins: { clientIds: CLIENTS, endsInSeconds: LIFE_SECONDS },
    };
    return [
      session,
      ...grants.map(({ clientId, grantId }): ModelRecord => {
        const payload = { accountId, clientId, iat: systemClock.nowSeconds() };
        return { model: "Grant", id: grantId, payload, expiresInSeconds: LIFE_SECONDS };
      }),
    ];
  });
}

/** Medians, in milliseconds. */
async function measure(store: OpenedStore, accounts: readonly string[]) {
  const measured = accounts.slice(-MEASURED);
  const list: number[] = [];
  for (let round = 0; round < LISTINGS; round++) {
    const accountId = measured[round % measured.length] ?? "";
    list.push(await timeOf(() => store.models.listSessions(accountId)));
  }
  const end: number[] = [];
  for (const accountId of measured) end.push(await timeOf(() => endAll(store, accountId)));
  return { list: median(list), end: median(end) };
}

/** What `end-others.ts` and `clear-sessions.ts` ask of the stores, in their order. */
async function endAll(store: OpenedStore, accountId: string): Promise<void> {
  const { models, revocations, logoutDeliveries } = store;
  await revocations.add([toRevocation("other_grants", accountId)]);
  const [sessions, grants] = await Promise.all([
    models.listSessions(accountId),
    models.listGrants(accountId),
  ]);
  await logoutDeliveries.enqueue(
    sessions.flatMap(({ payload }) =>
      CLIENTS.map((clientId) => {
        const sid = `${String(payload["uid"])} ${clientId}`;
        return { clientId, accountId, sid, destination: "localhost:9" };
      }),
    ),
  );
  await revocations.add([
    ...sessions.map(({ payload }) => toRevocation("session", String(payload["uid"]))),
    ...grants.map(({ id }) => toRevocation("grant", id)),
  ]);
  await Promise.all(sessions.map(({ payload }) => models.findSessionByUid(String(payload["uid"]))));
  await Promise.all(
    grants.map(async ({ id }) => {
      await models.revokeByGrantId(id);
      await models.destroy("Grant", id);
    }),
  );
  await Promise.all(sessions.map(({ id }) => models.destroy("Session", id)));
}

function toRevocation(subject: RevocationSubject, id: string): Revocation {
  const now = systemClock.nowSeconds();
  return { subject, id, issuedUntilSeconds: now, expiresAtSeconds: now + LIFE_SECONDS };
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const begunAt = performance.now();
  await work();
  return performance.now() - begunAt;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
