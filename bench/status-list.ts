/**
 * What a million live tokens with a place in status lists cost.
 *
 *   npm run bench:status-list [-- TOKENS]
 */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { openDatabase, type Database } from "../src/storage/open-database.js";
import { migrateDatabase } from "../src/storage/migrate.js";
import { createSqlStatusListStore } from "../src/storage/sql-status-list-store.js";
import { systemClock } from "../src/lib/clock.js";
import { randomToken } from "../src/lib/random-token.js";
import type { RevokedSubject } from "../src/tokens/status-list-store.js";
import { createStatusLists } from "../src/tokens/status-lists.js";
import { generateSigningKey } from "../src/keys/signing-key.js";
import { createTestPostgres } from "../test/support/postgres.js";

const TOKENS = Number(process.argv[2] ?? 1_000_000);
const TOKEN_SECONDS = 600;
/** As many as requests under way; each is a token of its own. */
const CONCURRENCY = 400;
/** By then the server looks up what is new alone. */
const SETTLED_AFTER_MS = 62_000;
const REVOKED_SHARES = [0, 0.01, 0.1];
const API = "https://api.example.com";

const folder = await mkdtemp(join(tmpdir(), "latchkey-status-list-"));
const file = join(folder, "latchkey.sqlite");
const postgres = await createTestPostgres();
try {
  await measure("PostgreSQL", postgres.url, postgresBytes);
  await measure("SQLite", `sqlite:${file}`, async () => (await stat(file)).size);
} finally {
  await postgres.drop();
  await rm(folder, { recursive: true, force: true });
}

async function measure(
  name: string,
  url: string,
  bytesOf: (database: Database) => Promise<number>,
): Promise<void> {
  const database = await openDatabase(url);
  try {
    await migrateDatabase(database);
    const emptyBytes = await bytesOf(database);
    const key = await generateSigningKey("ES256");
    let revoked: RevokedSubject[] = [];
    let tell = () => {};
    const { allocator, publisher } = createStatusLists({
      store: createSqlStatusListStore({ database, clock: systemClock }),
      revocations: { list: async () => revoked, subscribe: (listener) => void (tell = listener) },
      signingKeyOf: async () => key,
      publishedKeys: () => [key],
      issuer: "https://login.example.com",
      ttlSeconds: 30,
      clock: systemClock,
      logger: { warn: console.warn },
    });

    const grants: string[] = [];
    const uris = new Set<string>();
    const issuedMs = await timed(async () => {
      for (let issued = 0; issued < TOKENS; issued += CONCURRENCY) {
        const group = Array.from({ length: CONCURRENCY }, async () => {
          const grantId = randomToken();
          grants.push(grantId);
          const now = systemClock.nowSeconds();
          const { uri } = await allocator.allocate({
            api: API,
            jti: randomToken(),
            grantId,
            sessionUid: randomToken(),
            accountId: randomUUID(),
            clientId: `client-${grants.length % 100}`,
            issuedAtSeconds: now,
            expiresAtSeconds: now + TOKEN_SECONDS,
          });
          uris.add(uri);
        });
        await Promise.all(group);
      }
    });
    if (name === "SQLite") await database.knex.raw("pragma wal_checkpoint(truncate)");
    else await database.knex.raw("vacuum analyze status_list_entry");
    const bytes = (await bytesOf(database)) - emptyBytes;
    print(`\n${name}: ${grants.length} tokens in ${uris.size} lists`);
    print(`  ${micros(issuedMs / grants.length)} a token while ${CONCURRENCY} are issued at once`);
    print(`  ${megabytes(bytes)} with indexes, ${Math.round(bytes / grants.length)} bytes a token`);

    for (const share of REVOKED_SHARES) {
      const chosen = grants.filter((_, at) => at % Math.round(1 / share) === 0);
      revoked = chosen.map((id) => ({
        subject: "grant",
        id,
        issuedUntilSeconds: systemClock.nowSeconds(),
      }));
      tell();
      await wait(2500);
      globalThis.gc?.();
      const before = process.memoryUsage();
      const ids = [...uris].map((uri) => Number(uri.split("/").at(-1)));
      const [firstId = 0] = ids;
      const firstMs = await timed(() => publisher.find(firstId));
      const restMs = await timed(async () => {
        for (const id of ids) await publisher.find(id);
      });
      globalThis.gc?.();
      const after = process.memoryUsage();
      const lists = await Promise.all(ids.map((id) => publisher.find(id)));
      const jwtBytes = sum(lists.map((list) => list?.jwt.length ?? 0));
      const gzipBytes = sum(lists.map((list) => list?.gzipped.length ?? 0));
      const memory = after.heapUsed + after.external - before.heapUsed - before.external;
      print(
        `  ${share * 100} % revoked: ${Math.round(firstMs)} ms until the first list, ` +
          `${(restMs / Math.max(1, ids.length - 1)).toFixed(1)} ms for each other; ` +
          `${kilobytes(jwtBytes)} for all lists, ${kilobytes(gzipBytes)} compressed; ` +
          `${megabytes(memory)} of memory in the node`,
      );
      if (share === 0) continue;
      await wait(SETTLED_AFTER_MS);
      await publisher.find(firstId);
      await wait(SETTLED_AFTER_MS / 4);
      revoked = [
        ...revoked,
        { subject: "grant", id: grants[1] ?? "", issuedUntilSeconds: 2 ** 40 },
      ];
      tell();
      const anotherMs = await timed(() => publisher.find(firstId));
      print(`    and one more: ${Math.round(anotherMs)} ms until the list has it`);
    }
  } finally {
    await database.close();
  }
}

async function postgresBytes({ knex }: Database): Promise<number> {
  const { rows } = await knex.raw<{ rows: { bytes: number }[] }>(
    "select pg_total_relation_size('status_list_entry')::bigint as bytes",
  );
  return rows[0]?.bytes ?? 0;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await work();
  return performance.now() - startedAtMs;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function micros(ms: number): string {
  return `${Math.round(ms * 1000)} µs`;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} KB`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
