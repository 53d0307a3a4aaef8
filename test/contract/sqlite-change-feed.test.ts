import { execFile } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { expect } from "chai";
import type { ChangeFeed } from "../../src/lib/change-feed.js";
import { migrateDatabase } from "../../src/storage/migrate.js";
import { openDatabase, type Database } from "../../src/storage/open-database.js";
import { eventually } from "../support/eventually.js";
import { createStores, describeOnEachDatabase, type TestStores } from "../support/stores.js";

/** Another process, as an operator's command is one. */
const WRITER = `
  import Database from "better-sqlite3";
  const [path, sql] = process.argv.slice(1);
  new Database(path, { timeout: 5000 }).exec(sql);`;
const runWriter = (database: Database, sql: string) =>
  promisify(execFile)(process.execPath, [
    "--input-type=module",
    "--eval",
    WRITER,
    "--",
    database.location,
    sql,
  ]);

describeOnEachDatabase("The change feed", (createDatabase, backend) => {
  if (backend.name !== "SQLite") return;

  let database: Database;
  let stores: TestStores;
  let told: string[];
  let feed: ChangeFeed;

  beforeEach(async () => {
    const { url } = await createDatabase();
    database = await openDatabase(url);
    await migrateDatabase(database);
    stores = createStores(url, database);
    await stores.clients.saveRegistration("c", {}, undefined);
    feed = database.openChangeFeed({ info() {}, warn() {} });
    told = follow(feed);
  });
  afterEach(async () => {
    await feed.close();
    await database.close();
  });

  function follow(followed: ChangeFeed): string[] {
    const lines: string[] = [];
    followed.subscribe({
      changed: ({ table, key }) => void lines.push(key === undefined ? table : `${table} ${key}`),
      missed: () => void lines.push("missed"),
    });
    return lines;
  }

  it("tells each row that this process changes, by its key, when the write is answered", async () => {
    await stores.clients.setSecretHash("c", "hash");
    expect(told.splice(0)).to.deep.equal(["client c"]);
    await stores.resourceServers.create({
      identifier: "urn:example:api",
      name: "API",
      scopes: {},
      accessTokenFormat: "jwt",
    });
    told.splice(0);
    await stores.resourceServers.update("urn:example:api", () => ({ clients: { c: "all" } }));
    expect(told.splice(0)).to.include("resource_server urn:example:api");
    await database.knex("client").where({ client_id: "c" }).update({ first_party: true });
    expect(told.splice(0)).to.deep.equal(["client c"]);
    expect(told.filter((line) => line === "missed")).to.deep.equal([]);
  });

  it("tells what goes with a row that is deleted", async () => {
    for (const identifier of ["urn:example:one", "urn:example:other"]) {
      const facts = { name: "API", scopes: {}, accessTokenFormat: "jwt" as const };
      await stores.resourceServers.create({ ...facts, identifier, clients: { c: "all" } });
    }
    await stores.tokenExchangePolicies.save({
      clientId: "c",
      source: "urn:example:one",
      target: "urn:example:other",
      kinds: ["impersonation"],
      scopes: undefined,
    });
    told.splice(0);
    await stores.clients.delete("c");
    expect(told.toSorted()).to.deep.equal([
      "client c",
      "resource_server urn:example:one",
      "resource_server urn:example:other",
      "token_exchange_policy c",
    ]);
  });

  it("tells at once whoever asks whether it is current that another process has written", async () => {
    const elsewhere = await openDatabase(`sqlite:${database.location}`);
    await elsewhere.knex("client").update({ secret_hash: "by another" });
    await elsewhere.close();
    await delay(10);
    told.splice(0);
    expect(feed.isCurrent()).to.equal(true);
    expect(told).to.deep.equal(["missed"]);
  });

  it("tells within a second whoever does not ask", async () => {
    await runWriter(database, "update client set secret_hash = 'by another process'");
    const startedAtMs = performance.now();
    await eventually("it is told", () => told.length > 0);
    expect(performance.now() - startedAtMs).to.be.below(1000);
    expect(told).to.deep.equal(["missed"]);
    await delay(600);
    expect(told, "and once").to.deep.equal(["missed"]);
  });

  it("lets others write, who know nothing of it", async () => {
    await runWriter(database, "delete from client");
    expect(await stores.clients.find("c")).to.equal(undefined);
  });

  it("takes nothing of this process's own tokens and sessions for a change", async () => {
    await stores.models.upsert("ClientCredentials", "id", { clientId: "c" }, 60);
    await delay(300);
    expect(told).to.deep.equal([]);
  });

  it("is not current for long inside a transaction, which sees the past", async () => {
    const transaction = await database.knex.transaction();
    await transaction("client").select();
    await runWriter(database, "update client set secret_hash = 'meanwhile'");
    await delay(600);
    const wasCurrent = feed.isCurrent();
    await transaction.commit();
    expect(wasCurrent).to.equal(false);
    expect(told).to.deep.equal([]);
    expect(feed.isCurrent()).to.equal(true);
    expect(told).to.deep.equal(["missed"]);
  });

  it("goes on, and says that something may be missed, when the connection is another one", async () => {
    await database.knex.destroy();
    database.knex.initialize();
    await database.knex.raw("select 1");
    await eventually("it is told", () => told.includes("missed"));
    told.splice(0);
    await stores.clients.setSecretHash("c", "hash");
    expect(told).to.deep.equal(["client c"]);
  });

  it("leaves nothing behind when it is closed, and can be opened again", async () => {
    await feed.close();
    await stores.clients.setSecretHash("c", "told to nobody");
    expect(feed.isCurrent()).to.equal(false);
    expect(told).to.deep.equal([]);
    feed = database.openChangeFeed({ info() {}, warn() {} });
    told = follow(feed);
    await stores.clients.setSecretHash("c", "told");
    expect(told).to.deep.equal(["client c"]);
  });
});
