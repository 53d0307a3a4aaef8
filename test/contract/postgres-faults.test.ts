import { expect } from "chai";
import { assertSchemaCurrent, migrateDatabase } from "../../src/storage/migrate.js";
import { openDatabase, type Database } from "../../src/storage/open-database.js";
import { BACKENDS, createStores, describeOnEachDatabase } from "../support/stores.js";
import { codeOfRejection, rejectionOf } from "../support/stores-rejection.js";
import { startFaultProxy } from "../support/fault-proxy.js";

describeOnEachDatabase("Faults", (createDatabase, backend) => {
  if (backend !== BACKENDS.find(({ name }) => name === "PostgreSQL")) return;

  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
  });

  async function open(url: string, poolMax = 10): Promise<Database> {
    const database = await openDatabase(url, { poolMax });
    closers.push(() => database.close());
    return database;
  }

  async function openMigrated(poolMax?: number) {
    const { url } = await createDatabase();
    const database = await open(url, poolMax);
    await migrateDatabase(database);
    return { url, database, models: createStores(url, database).models };
  }

  it("survives the end of every connection, idle or at work, and heals by itself (FT-15)", async () => {
    const { url, database, models } = await openMigrated();
    const killer = await open(url);
    await Promise.all(Array.from({ length: 5 }, () => models.find("Session", "x")));
    const atWork = rejectionOf(Promise.resolve(database.knex.raw("select pg_sleep(4)")));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await killer.knex.raw(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
    );
    expect(database.dialect.isOutage(await atWork)).to.equal(true);
    // A connection is known to be dead only when used or read from: some calls may still meet one.
    for (let call = 0; call < 10; call++) {
      const failure = await models.upsert("Session", "x", {}, 60).catch((err: unknown) => err);
      if (failure !== undefined) expect(failure).to.include({ code: "database_unavailable" });
    }
    await database.ping();
    for (let call = 0; call < 5; call++) await models.upsert("Session", "x", {}, 60);
    expect(await models.find("Session", "x")).to.deep.equal({});
  });

  it("answers 503 while every connection is in use or a statement takes too long (FT-16, FT-17)", async function () {
    this.timeout(40_000);
    const { database, models } = await openMigrated(1);
    const started = performance.now();
    let isSlowDone = false;
    const slow = rejectionOf(Promise.resolve(database.knex.raw("select pg_sleep(30)"))).finally(
      () => (isSlowDone = true),
    );
    const err = await rejectionOf(models.find("Session", "x"));
    expect(err).to.include({ code: "database_unavailable", status: 503, retryAfterSeconds: 2 });
    expect(isSlowDone).to.equal(false);
    expect(database.dialect.isOutage(await slow)).to.equal(true);
    expect(performance.now() - started).to.be.below(15_000);
    expect(await models.find("Session", "x")).to.equal(undefined);
  });

  it("gives up on a server that fell silent, and finds it again (FT-10)", async function () {
    this.timeout(40_000);
    const { url } = await openMigrated();
    const proxy = await startFaultProxy(url);
    closers.push(() => proxy.close());
    const database = await open(proxy.url);
    const { models } = createStores(proxy.url, database);
    await Promise.all([models.find("Session", "x"), models.find("Session", "x")]);
    await proxy.be("silent");
    const started = performance.now();
    const order: string[] = [];
    const calls = {
      ping: database.ping(),
      find: models.find("Session", "x"),
      consume: models.consume({ model: "RefreshToken", id: "x", attempt: "attempt" }),
    };
    const codes = await Promise.all(
      Object.entries(calls).map(([name, call]) =>
        codeOfRejection(call).finally(() => order.push(name)),
      ),
    );
    expect(codes).to.deep.equal(Array(3).fill("database_unavailable"));
    expect(order[0]).to.equal("ping");
    expect(performance.now() - started).to.be.below(15_000);
    await proxy.be("none");
    for (let call = 0; call < 5; call++) await models.upsert("Session", "x", {}, 60);
  });

  it("names a server that can't be reached, and says so within a moment", async () => {
    const database = await open("postgres://user:secret@127.0.0.1:1/latchkey");
    const { models } = createStores("", database);
    expect(await codeOfRejection(models.find("Session", "x"))).to.equal("database_unavailable");
    expect(await codeOfRejection(database.ping())).to.equal("database_unavailable");
    for (const attempt of [assertSchemaCurrent, migrateDatabase]) {
      const err = await rejectionOf(attempt(database));
      expect(err).to.include({ code: "database_unavailable" });
      expect(err).to.have.property("message").that.includes("127.0.0.1:1/latchkey");
      expect(err).to.have.property("message").that.includes("ECONNREFUSED");
    }
  });

  it("says that a database or user is not let in", async () => {
    const { url } = await createDatabase();
    for (const change of [
      (changed: URL) => void (changed.pathname = "/latchkey_none"),
      (changed: URL) => void (changed.username = "latchkey_none"),
    ]) {
      const changed = new URL(url);
      change(changed);
      const err = await rejectionOf(assertSchemaCurrent(await open(changed.href)));
      expect(err).to.include({ code: "database_unusable" });
    }
  });

  it("takes writes to a read-only server for an outage and not for success (FT-19)", async () => {
    const { url, models } = await openMigrated();
    await models.upsert("RefreshToken", "x", {}, 60);
    const readOnly = new URL(url);
    readOnly.searchParams.set("options", "-c default_transaction_read_only=on");
    const standby = createStores(url, await open(readOnly.href)).models;
    expect(await standby.find("RefreshToken", "x")).to.deep.equal({});
    const consumed = standby.consume({ model: "RefreshToken", id: "x", attempt: "attempt" });
    expect(await codeOfRejection(consumed)).to.equal("database_unavailable");
    expect(await models.find("RefreshToken", "x")).to.deep.equal({});
  });
});
