import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { systemClock } from "../../src/lib/clock.js";
import { migrateDatabase } from "../../src/storage/migrate.js";
import { openDatabase, type Database } from "../../src/storage/open-database.js";
import { createSqlRevocationStore } from "../../src/storage/sql-revocation-store.js";
import { createRevocations, type Revocations } from "../../src/tokens/revocations.js";
import { eventually } from "../support/eventually.js";
import { describeOnEachDatabase, openTestChangeFeed } from "../support/stores.js";

const WITHIN_MS = 1000;
const CUT = `select pg_terminate_backend(pid) from pg_stat_activity
  where datname = current_database() and application_name = 'latchkey changes'`;

describeOnEachDatabase("Revocations of two nodes", (createDatabase, backend) => {
  const closers: (() => unknown)[] = [];
  let url: string;
  let one: Node;
  let other: Node;

  interface Node {
    readonly database: Database;
    readonly revocations: Revocations;
    queries: number;
  }

  async function openNode(): Promise<Node> {
    const database = await openDatabase(url);
    const changes = await openTestChangeFeed(database);
    const clock = systemClock;
    const revocations = createRevocations({
      store: createSqlRevocationStore({ database, clock }),
      changes,
      clock,
      logger: { warn() {} },
      longestGrantSeconds: 86_400,
    });
    const node: Node = { database, revocations, queries: 0 };
    database.knex.on("query", () => node.queries++);
    closers.push(async () => {
      revocations.close();
      await changes.close();
      await database.close();
    });
    return node;
  }

  before(async () => {
    ({ url } = await createDatabase());
    const database = await openDatabase(url);
    await migrateDatabase(database);
    await database.close();
    [one, other] = [await openNode(), await openNode()];
  });
  after(async () => {
    for (const close of closers) await close();
  });

  const isRevoked = (node: Node, grantId: string) =>
    node.revocations.isRevoked({ grantId, issuedAtSeconds: systemClock.nowSeconds() });

  /** Without a query, so by what it was told. */
  const knowsOfItself = async (node: Node, grantId: string) => {
    node.queries = 0;
    return (await isRevoked(node, grantId)) && node.queries === 0;
  };

  it("count at the other within a second, mostly within milliseconds, and cost it no query", async () => {
    const tookMs: number[] = [];
    for (let round = 0; round < 50; round++) {
      const id = randomUUID();
      await one.revocations.revoke([{ subject: "grant", id }]);
      const startedAtMs = performance.now();
      await eventually("the other knows", () => knowsOfItself(other, id));
      tookMs.push(performance.now() - startedAtMs);
    }
    expect(Math.max(...tookMs)).to.be.below(WITHIN_MS);
  });

  it("count when they are renewed, many, or too long to be told", async () => {
    const id = randomUUID();
    await one.revocations.revoke([{ subject: "account", id }]);
    await eventually("the first", async () =>
      other.revocations.isRevoked({ accountId: id, issuedAtSeconds: 1 }),
    );
    const first = (await other.revocations.list()).find((each) => each.id === id);
    await eventually(
      "the next second",
      () => systemClock.nowSeconds() > (first?.issuedUntilSeconds ?? 0),
    );
    await one.revocations.revoke([{ subject: "account", id }]);
    const renewed = systemClock.nowSeconds();
    await eventually("renewed", async () => {
      const now = (await other.revocations.list()).find((each) => each.id === id);
      return (now?.issuedUntilSeconds ?? 0) >= renewed;
    });

    const many = Array.from({ length: 300 }, () => randomUUID());
    await one.revocations.revoke(many.map((each) => ({ subject: "grant", id: each })));
    for (const each of [many[0], many[299]]) {
      await eventually("many", () => knowsOfItself(other, each ?? ""));
    }
    const long = "ä".repeat(4000);
    await one.revocations.revoke([{ subject: "client", id: long }]);
    await eventually("a long one", () =>
      other.revocations.isRevoked({ clientId: long, issuedAtSeconds: 1 }),
    );
  });

  it("are known to a node that starts later, and to a command, which is told nothing", async () => {
    const id = randomUUID();
    await one.revocations.revoke([{ subject: "grant", id }]);
    const late = await openNode();
    expect(await isRevoked(late, id)).to.equal(true);
    const database = await openDatabase(url);
    closers.push(() => database.close());
    const command = createRevocations({
      store: createSqlRevocationStore({ database, clock: systemClock }),
      changes: undefined,
      clock: systemClock,
      logger: { warn() {} },
      longestGrantSeconds: 86_400,
    });
    expect(await command.isRevoked({ grantId: id, issuedAtSeconds: 1 })).to.equal(true);
  });

  // What tells on SQLite cannot be cut off.
  if (backend.name !== "PostgreSQL") return;

  it("count although the connection that tells is cut at every moment", async () => {
    const ids: string[] = [];
    for (let round = 0; round < 12; round++) {
      const id = randomUUID();
      const cut = round % 3 === 0 ? one.database.knex.raw(CUT) : undefined;
      await one.revocations.revoke([{ subject: "grant", id }]);
      await cut;
      ids.push(id);
      // At whatever it is: by the store or of itself.
      for (const each of ids) expect(await isRevoked(one, each)).to.equal(true);
      await eventually("within a second", () => isRevoked(other, id));
    }
    await eventually("told again", () => knowsOfItself(other, ids[0] ?? ""));
    for (const id of ids) expect(await isRevoked(other, id)).to.equal(true);
  });
});
