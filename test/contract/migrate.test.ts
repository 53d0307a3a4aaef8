import { readdirSync } from "node:fs";
import { expect } from "chai";
import type { Knex } from "knex";
import {
  assertSchemaCurrent,
  migrateDatabase,
  revertDatabase,
  type SchemaMigration,
} from "../../src/storage/migrate.js";
import { openDatabase, type Database } from "../../src/storage/open-database.js";
import { describeOnEachDatabase, type TestDatabase } from "../support/stores.js";
import { killStoresChildren, startStoresChild } from "../support/stores-child-process.js";
import { codeOfRejection, rejectionOf } from "../support/stores-rejection.js";

const TABLES = [
  "account",
  "account_identifier",
  "client",
  "consent",
  "model",
  "password_credential",
  "resource_server",
  "resource_server_client",
  "revocation",
  "signing_key",
  "status_list",
  "status_list_entry",
] as const;

const MIGRATIONS = readdirSync(new URL("../../migrations/", import.meta.url))
  .filter((file) => file.endsWith(".js"))
  .map((file) => file.replace(/\.js$/, ""))
  .toSorted();

function creating(name: string, table: string): SchemaMigration {
  return {
    name,
    async up(knex: Knex) {
      await knex.schema.createTable(table, (columns) => {
        columns.text("value");
      });
    },
    async down(knex: Knex) {
      await knex.schema.dropTable(table);
    },
  };
}

describeOnEachDatabase("Migrations", (createDatabase) => {
  const open: Database[] = [];
  after(killStoresChildren);
  afterEach(async () => {
    for (const database of open.splice(0)) await database.close();
  });

  async function openAgain({ url }: TestDatabase): Promise<Database> {
    const database = await openDatabase(url);
    open.push(database);
    return database;
  }

  async function findTables(database: Database): Promise<string[]> {
    const found: string[] = [];
    for (const table of TABLES) {
      if (await database.knex.schema.hasTable(table)) found.push(table);
    }
    return found;
  }

  it("create every table and record themselves without a file extension", async () => {
    const database = await openAgain(await createDatabase());
    expect(await migrateDatabase(database)).to.deep.equal(MIGRATIONS);
    expect(await findTables(database)).to.deep.equal(TABLES);
    expect(await database.knex("migration").pluck("name")).to.deep.equal(MIGRATIONS);
    await assertSchemaCurrent(database);
  });

  it("do nothing the second time, and keep what is there", async () => {
    const test = await createDatabase();
    await migrateDatabase(await openAgain(test));
    const database = await openAgain(test);
    await database.knex("signing_key").insert({
      kid: "k",
      algorithm: "ES256",
      generation: 1,
      sealed_private_jwk: "sealed",
      created_at: 1,
    });
    expect(await migrateDatabase(database)).to.deep.equal([]);
    expect(await database.knex("signing_key").pluck("kid")).to.deep.equal(["k"]);
  });

  it("can be taken back and made again", async () => {
    const database = await openAgain(await createDatabase());
    await migrateDatabase(database);
    await revertDatabase(database);
    expect(await findTables(database)).to.deep.equal([]);
    expect(await codeOfRejection(assertSchemaCurrent(database))).to.equal("database_behind");
    await migrateDatabase(database);
    expect(await findTables(database)).to.deep.equal(TABLES);
  });

  it("are asked for where they lack, in words that say how", async () => {
    const database = await openAgain(await createDatabase());
    const err = await rejectionOf(assertSchemaCurrent(database));
    expect(err).to.include({ code: "database_behind" });
    expect(err).to.have.property("message").that.includes("latchkey migrate");
    expect(await database.knex.schema.hasTable("migration")).to.equal(false);
  });

  it("refuse a database from which a newer version has taken something away", async () => {
    const database = await openAgain(await createDatabase());
    await migrateDatabase(database);
    await database.knex("migration").insert({ name: "9999-from-the-future-contract" });
    for (const attempt of [assertSchemaCurrent, migrateDatabase]) {
      const err = await rejectionOf(attempt(database));
      expect(err).to.include({ code: "database_newer" });
      expect(err).to.have.property("message").that.includes("9999-from-the-future-contract");
    }
  });

  it("let this version start on what a newer one has only added to", async () => {
    const database = await openAgain(await createDatabase());
    const future = creating("9999-from-the-future", "future");
    await migrateDatabase(database, [creating("0001-first", "first"), future]);
    const known = [creating("0001-first", "first")];
    await assertSchemaCurrent(database, known);
    expect(await migrateDatabase(database, known)).to.deep.equal([]);
    const behind = [...known, creating("0002-second", "second")];
    expect(await codeOfRejection(assertSchemaCurrent(database, behind))).to.equal(
      "database_behind",
    );
    expect(await migrateDatabase(database, behind)).to.deep.equal(["0002-second"]);
  });

  it("happen all or not at all", async () => {
    const database = await openAgain(await createDatabase());
    const failing: SchemaMigration = {
      ...creating("0002-second", "second"),
      async up(knex) {
        await creating("0002-second", "second").up(knex);
        await knex.raw("select nonsense");
      },
    };
    const first = creating("0001-first", "first");
    const err = await rejectionOf(migrateDatabase(database, [first, failing]));
    expect(String(err)).to.include("nonsense");
    expect(await database.knex.schema.hasTable("first")).to.equal(false);
    expect(await database.knex.schema.hasTable("second")).to.equal(false);
    const second = creating("0002-second", "second");
    const applied = await migrateDatabase(database, [first, second]);
    expect(applied).to.deep.equal(["0001-first", "0002-second"]);
  });

  it("run once when several processes migrate at once", async () => {
    const { url } = await createDatabase();
    const children = [startStoresChild(), startStoresChild(), startStoresChild()];
    await Promise.all(children.map((child) => child.call({ command: "open", target: url })));
    const applied = await Promise.all(
      children.map((child) => child.call({ command: "migrate", target: url })),
    );
    expect(applied.flat()).to.deep.equal(MIGRATIONS);
  });

  it("leave neither a lock nor half a schema when their process is killed", async () => {
    const test = await createDatabase();
    const child = startStoresChild();
    const answer = await child.call({ command: "migrateHalfway", target: test.url });
    expect(answer).to.equal("halfway");
    await child.kill();
    const database = await openAgain(test);
    expect(await migrateDatabase(database)).to.deep.equal(MIGRATIONS);
    expect(await database.knex.schema.hasTable("halfway")).to.equal(false);
  });
});
