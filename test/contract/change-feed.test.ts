import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import type { Knex } from "knex";
import * as changeFeedMigration from "../../migrations/0002-change-feed.js";
import * as initialMigration from "../../migrations/0001-initial-schema.js";
import { loadConfig } from "../../src/config/load-config.js";
import { openDeployment } from "../../src/deployment.js";
import type { Change, ChangeFeed } from "../../src/lib/change-feed.js";
import { createLogger } from "../../src/lib/logger.js";
import { migrateDatabase, revertDatabase } from "../../src/storage/migrate.js";
import { openDatabase, type Database } from "../../src/storage/open-database.js";
import { eventually } from "../support/eventually.js";
import { startMuteProxy } from "../support/mute-proxy.js";
import { startFaultProxy } from "../support/fault-proxy.js";
import { createStores, describeOnEachDatabase } from "../support/stores.js";

const FEED = "latchkey changes";
const CUT = `select pg_terminate_backend(pid) from pg_stat_activity
  where datname = current_database() and application_name = '${FEED}'`;

describeOnEachDatabase("The change feed", (createDatabase, backend) => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
  });

  async function open(url: string): Promise<Database> {
    const database = await openDatabase(url);
    closers.push(() => database.close());
    return database;
  }

  async function openMigrated() {
    const { url } = await createDatabase();
    const database = await open(url);
    await migrateDatabase(database);
    return { url, database, stores: createStores(url, database) };
  }

  // That of SQLite: sqlite-change-feed.test.ts.
  if (backend.name !== "PostgreSQL") return;

  it("is for servers; commands have none", async () => {
    const { url } = await openMigrated();
    const config = loadConfig({
      DATABASE_URL: url,
      SECRET_KEY: "a test secret of more than thirty-two characters",
    });
    const logger = createLogger({ level: "error", format: "json" });
    for (const serving of [undefined, { logger }]) {
      const deployment = await openDeployment(config, serving);
      closers.push(() => deployment.close());
      expect(deployment.changes === undefined).to.equal(serving === undefined);
    }
  });

  /** What a feed tells: changes as `table key`, gaps as "missed", its log lines. */
  async function follow(database: Database) {
    const told: string[] = [];
    const logged: string[] = [];
    const log = (level: string) => (context: unknown, message?: string) =>
      void logged.push(`${level}: ${message ?? String(context)}`);
    const feed = database.openChangeFeed({ info: log("info"), warn: log("warn") });
    closers.push(() => feed.close());
    feed.subscribe({
      changed: ({ table, key }: Change) => {
        // Of another node's proof that it is told, which all hear.
        if (table !== "proof") told.push(key === undefined ? table : `${table} ${key}`);
      },
      missed: () => void told.push("missed"),
    });
    await becomesCurrent(feed);
    expect(told.splice(0)).to.deep.equal(["missed"]);
    return { feed, told, logged };
  }

  const becomesCurrent = (feed: ChangeFeed) =>
    eventually("the feed is current", () => feed.isCurrent());

  /** Everything told until now, without order among rows of one statement. */
  async function toldBy(database: Database, told: string[]): Promise<string[]> {
    await database.knex.raw("select pg_notify('latchkey_change', 'end')");
    await eventually("the end is told", () => told.includes("end"));
    return told.splice(0).filter((line) => line !== "end");
  }

  const client = (id: string) => ({
    client_id: id,
    metadata: "{}",
    secret_hash: null,
    first_party: false,
    resource_server: null,
    created_by: "administrator" as const,
    demonstration: false,
    created_at: 1,
  });

  it("tells each row that the stores change or delete, by its key", async () => {
    const { database, stores } = await openMigrated();
    const { told } = await follow(database);
    const { accounts, clients, resourceServers } = stores;
    const account = await accounts.create({
      id: "acct_1" as never,
      username: "ada",
      email: undefined,
      emailVerified: false,
      profile: {},
      demonstration: true,
      passwordHash: "hash",
    });
    await clients.saveRegistration("client 1", {}, undefined);
    await resourceServers.create({
      identifier: "urn:example:ä b",
      name: "API",
      scopes: {},
      accessTokenFormat: "jwt",
    });
    expect(await toldBy(database, told), "what is new").to.deep.equal([]);

    await accounts.setDisabled(account.id, true);
    await clients.saveRegistration("client 1", { client_name: "changed" }, undefined);
    await clients.setSecretHash("client 1", "hash");
    await clients.delete("client 1");
    await resourceServers.delete("urn:example:ä b");
    await accounts.deleteDemonstration();
    expect(await toldBy(database, told)).to.deep.equal([
      "account acct_1",
      "client client 1",
      "client client 1",
      "client client 1",
      "resource_server urn:example:ä b",
      "account acct_1",
    ]);

    await accounts.setPasswordHash(account.id, "another");
    await clients.setSecretHash("none", "hash");
    expect(await toldBy(database, told), "what changes no row of these").to.deep.equal([]);
  });

  it("tells of the same tables as that of SQLite, and of revocations", async () => {
    const { database } = await openMigrated();
    const { rows }: { rows: { name: string }[] } = await database.knex.raw(
      `select distinct tgrelid::regclass::text as name from pg_trigger
       where tgfoid::regproc::text like 'tell\\_%' order by name`,
    );
    const embedded = await open("sqlite::memory:");
    await migrateDatabase(embedded);
    const feed = embedded.openChangeFeed({ info() {}, warn() {} });
    closers.push(() => feed.close());
    const triggers: { name: string }[] = await embedded.knex.raw(
      "select distinct tbl_name as name from sqlite_temp_schema where type = 'trigger'",
    );
    const names = [...triggers, { name: "revocation" }].map(({ name }) => name);
    expect(names.toSorted()).to.deep.equal(rows.map(({ name }) => name));
  });

  it("tells what was committed, and nothing of what was rolled back", async () => {
    const { url, database, stores } = await openMigrated();
    const writer = await open(url);
    const { told } = await follow(database);
    await stores.clients.saveRegistration("c", {}, undefined);
    const disown = (knex: Knex) => knex("client").update({ first_party: true });

    const undone = await writer.knex.transaction();
    await disown(undone);
    await undone.rollback();
    const done = await writer.knex.transaction();
    await disown(done);
    expect(await toldBy(database, told), "before the commit").to.deep.equal([]);
    await done.commit();
    expect(await toldBy(database, told)).to.deep.equal(["client c"]);
  });

  it("tells many changes of one statement as one, and many statements one by one", async () => {
    const { database } = await openMigrated();
    const { told } = await follow(database);
    const ids = Array.from({ length: 5000 }, (_, index) => `client-${index}`);
    await database.knex.batchInsert("client", ids.map(client), 1000);
    await database.knex("client").whereIn("client_id", ids.slice(0, 100)).update({ created_at: 2 });
    const each = ids.slice(0, 100).map((id) => `client ${id}`);
    expect((await toldBy(database, told)).toSorted()).to.deep.equal(each.toSorted());
    await database.knex("client").update({ created_at: 3 });
    expect(await toldBy(database, told)).to.deep.equal(["client"]);
    await database.knex.raw("truncate client cascade");
    // What a client may exchange goes with it.
    const emptied = await toldBy(database, told);
    expect(emptied.toSorted()).to.deep.equal(["client", "token_exchange_policy"]);
  });

  it("tells the key that a row had before it got another, and of a key that is too long to tell", async () => {
    const { database } = await openMigrated();
    const { told } = await follow(database);
    const long = "x".repeat(9000);
    await database.knex("client").insert([client("old"), client(long)]);
    await database.knex("client").where({ client_id: "old" }).update({ client_id: "new" });
    expect(await toldBy(database, told)).to.deep.equal(["client old"]);
    await database.knex("client").where({ client_id: long }).delete();
    expect(await toldBy(database, told)).to.deep.equal(["client"]);
  });

  it("connects again when its connection is ended, tells of the gap, and logs both once", async () => {
    const { url, database, stores } = await openMigrated();
    const writer = await open(url);
    await stores.clients.saveRegistration("c", {}, undefined);
    const { feed, told, logged } = await follow(database);
    await writer.knex.raw(CUT);
    await eventually("the loss is noticed", () => !feed.isCurrent(), 500);
    await stores.clients.setSecretHash("c", "in the gap, or told");
    await becomesCurrent(feed);
    expect(told[0]).to.equal("missed");
    await stores.clients.setSecretHash("c", "after");
    expect((await toldBy(database, told)).at(-1)).to.equal("client c");
    expect(logged.map((line) => line.split(":")[0])).to.deep.equal(["warn", "info"]);
  });

  it("is not current within a second after its connection fell silent, and heals", async function () {
    this.timeout(120_000);
    const { url } = await openMigrated();
    const proxy = await startFaultProxy(url, FEED);
    closers.push(() => proxy.close());
    const database = await open(proxy.url);
    const { feed, told } = await follow(database);
    const silentAtMs = performance.now();
    await proxy.be("silent");
    await eventually("the silence is noticed", () => !feed.isCurrent());
    expect(performance.now() - silentAtMs).to.be.below(1000);
    expect(await database.knex.raw("select 1")).to.include({ rowCount: 1 });
    // Longer than the feed waits for an answer: it is connecting again by now, in vain.
    await delay(4000);
    expect(feed.isCurrent()).to.equal(false);
    await proxy.be("none");
    await becomesCurrent(feed);
    expect(told).to.deep.equal(["missed"]);
  });

  it("is not current for a process that stood still, until it has heard what happened meanwhile", async () => {
    const { url, database, stores } = await openMigrated();
    await stores.clients.saveRegistration("c", {}, undefined);
    const { feed, told } = await follow(await open(url));
    // Committed while nothing of this process runs.
    const writing = database.knex.raw(
      "select pg_sleep(0.3); update client set secret_hash = 'changed'",
    );
    const written = writing.then(() => true);
    await delay(100);
    const until = performance.now() + 1200;
    while (performance.now() < until);
    expect(told).to.deep.equal([]);
    expect(feed.isCurrent()).to.equal(false);
    await becomesCurrent(feed);
    expect(told).to.deep.equal(["client c"]);
    expect(await written).to.equal(true);
  });

  it("is never current where LISTEN does not get through, and says what is in the way", async () => {
    const { url } = await openMigrated();
    const proxy = await startMuteProxy(url);
    closers.push(() => proxy.close());
    const errors: string[] = [];
    const warn = ({ err }: { err: Error }) => void errors.push(err.message);
    const feed = (await open(proxy.url)).openChangeFeed({ info() {}, warn });
    closers.push(() => feed.close());
    await eventually("it gives up", () => errors.length > 0);
    expect(feed.isCurrent()).to.equal(false);
    expect(errors).to.have.length(1);
    expect(errors[0]).to.include("pooler");
  });

  it("closes at once, whatever it is at, and leaves no connection", async () => {
    const { url, database } = await openMigrated();
    const count = async (): Promise<number> => {
      const { rows } = await database.knex.raw(
        "select count(*)::int as n from pg_stat_activity where datname = current_database() and application_name = ?",
        [FEED],
      );
      return rows[0].n;
    };
    const proxy = await startFaultProxy(url);
    closers.push(() => proxy.close());
    const behind = await open(proxy.url);
    const ways: Record<string, (feed: ChangeFeed) => Promise<unknown>> = {
      "as it connects": async () => {},
      listening: becomesCurrent,
      "in silence": async (feed) => {
        await becomesCurrent(feed);
        await proxy.be("silent");
        await delay(400);
      },
    };
    for (const [way, prepare] of Object.entries(ways)) {
      const feed = behind.openChangeFeed({ info() {}, warn() {} });
      await prepare(feed);
      const startedAtMs = performance.now();
      await feed.close();
      expect(performance.now() - startedAtMs, way).to.be.below(200);
      expect(feed.isCurrent(), way).to.equal(false);
      await proxy.be("none");
    }
    await eventually("no connection is left", async () => (await count()) === 0);
  });

  it("tells what the version before writes, migrated while that runs (FT-20)", async () => {
    const { url } = await createDatabase();
    const before = await open(url);
    const known = { name: "0001-initial-schema", ...initialMigration };
    await migrateDatabase(before, [known]);
    const old = createStores(url, before);
    await before.knex("client").insert(client("c"));

    const after = await open(url);
    expect(await migrateDatabase(after)).to.include("0002-change-feed");
    const { told } = await follow(after);
    await old.clients.setSecretHash("c", "by the old");
    expect(await toldBy(after, told)).to.deep.equal(["client c"]);
    await createStores(url, after).clients.setSecretHash("c", "by the new");
    expect(await old.clients.find("c")).to.include({ secretHash: "by the new" });
    expect(await toldBy(after, told)).to.deep.equal(["client c"]);
  });

  it("can be taken back while the version after it still runs, and made again", async () => {
    const { url, database, stores } = await openMigrated();
    await stores.clients.saveRegistration("c", {}, undefined);
    const { told } = await follow(database);
    const admin = await open(url);
    await changeFeedMigration.down(admin.knex);
    await stores.clients.setSecretHash("c", "told to nobody");
    expect(await toldBy(database, told)).to.deep.equal([]);
    await changeFeedMigration.up(admin.knex);
    await stores.clients.setSecretHash("c", "told");
    expect(await toldBy(database, told)).to.deep.equal(["client c"]);
    await revertDatabase(admin);
  });
});
