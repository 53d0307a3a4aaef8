import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect } from "chai";
import { assertSchemaCurrent, migrateDatabase } from "../../src/storage/migrate.js";
import { openDatabase } from "../../src/storage/open-database.js";
import { createStores } from "../support/stores.js";
import { rejectionOf } from "../support/stores-rejection.js";
import { asOrdinaryUser } from "../support/stores-user.js";

describe("openDatabase", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "latchkey-open-"));
    // For the ordinary user of `asOrdinaryUser` to pass through.
    await chmod(folder, 0o755);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function expectUnusable(url: string, ...words: string[]): Promise<void> {
    // One that opens after all is closed, so that the run can end.
    const err = await rejectionOf(openDatabase(url).then((database) => database.close()));
    expect(err).to.include({ code: "database_unusable" });
    const { message } = err as Error;
    expect(message).not.to.include("\n");
    for (const word of words) expect(message).to.include(word);
  }

  describe("with SQLite", () => {
    it("makes the file and its folder for the owner only", async () => {
      const path = join(folder, "made", "latchkey.sqlite");
      const database = await openDatabase(`sqlite:${path}`);
      await migrateDatabase(database);
      expect(database.dialect.name).to.equal("sqlite");
      expect(database.location).to.equal(path);
      expect((await stat(join(folder, "made"))).mode & 0o777).to.equal(0o700);
      for (const file of [path, `${path}-wal`, `${path}-shm`]) {
        expect((await stat(file)).mode & 0o777, file).to.equal(0o600);
      }
      await database.close();
    });

    it("syncs each commit, writes ahead, keeps foreign keys and waits for locks", async () => {
      const database = await openDatabase(`sqlite:${join(folder, "settings.sqlite")}`);
      const setting = async (name: string) =>
        Object.values((await database.knex.raw(`pragma ${name}`))[0] as object)[0];
      expect(await setting("journal_mode")).to.equal("wal");
      expect(await setting("synchronous")).to.equal(2);
      expect(await setting("foreign_keys")).to.equal(1);
      expect(await setting("busy_timeout")).to.equal(5000);
      await migrateDatabase(database);
      expect(await setting("busy_timeout")).to.equal(5000);
      await database.close();
    });

    it("takes a path with slashes before it, and a database in memory", async () => {
      const slashes = await openDatabase(`sqlite://${join(folder, "slashes.sqlite")}`);
      expect(slashes.location).to.equal(join(folder, "slashes.sqlite"));
      await slashes.close();
      const memory = await openDatabase("sqlite::memory:");
      await migrateDatabase(memory);
      await assertSchemaCurrent(memory);
      await memory.ping();
      await memory.close();
    });

    it("refuses a file that is not a database, and leaves it as it is", async () => {
      const path = join(folder, "damaged.sqlite");
      await writeFile(path, "this is no database ".repeat(100));
      await expectUnusable(`sqlite:${path}`, path, "damaged", "backup");
      expect((await stat(path)).size).to.equal(2000);
    });

    it("refuses a folder in place of a file, and a file in place of a folder", async () => {
      const path = join(folder, "folder.sqlite");
      await mkdir(path);
      await expectUnusable(`sqlite:${path}`, path);
      await writeFile(join(folder, "file"), "");
      await expectUnusable(`sqlite:${join(folder, "file", "x.sqlite")}`, "path is right");
    });

    it("refuses a folder or a file that this user may not write to", async () => {
      const closed = join(folder, "closed");
      await mkdir(closed, { mode: 0o755 });
      const open = join(folder, "open");
      await mkdir(open);
      await chmod(open, 0o777);
      const file = join(open, "read-only.sqlite");
      await (await openDatabase(`sqlite:${file}`)).close();
      await chmod(file, 0o444);
      await chmod(closed, 0o555);
      await asOrdinaryUser(async () => {
        await expectUnusable(`sqlite:${join(closed, "x.sqlite")}`, closed, "EACCES", "user");
        await expectUnusable(`sqlite:${join(closed, "below", "x.sqlite")}`, closed, "EACCES");
        await expectUnusable(`sqlite:${file}`, file, "user");
      });
    });

    it("ends a transaction that a failed commit left open, before anyone else is in it", async () => {
      const url = `sqlite:${join(folder, "left-open.sqlite")}`;
      const database = await openDatabase(url);
      await migrateDatabase(database);
      await database.knex.raw("begin");
      await createStores(url, database).models.upsert("Session", "kept", {}, 60);
      const other = await openDatabase(url);
      expect(await createStores(url, other).models.find("Session", "kept")).to.deep.equal({});
      await other.close();
      await database.close();
    });

    it("reports a database that is locked for too long as unavailable", async function () {
      this.timeout(120_000);
      const url = `sqlite:${join(folder, "locked.sqlite")}`;
      const [holder, waiter] = [await openDatabase(url), await openDatabase(url)];
      await migrateDatabase(holder);
      const { models } = createStores(url, waiter);
      await holder.knex.transaction(async (transaction) => {
        await transaction("model").where({ model: "Session" }).delete();
        const err = await rejectionOf(models.upsert("Session", "id", {}, 60));
        expect(err).to.include({ code: "database_unavailable", status: 503 });
      });
      await models.upsert("Session", "id", {}, 60);
      await holder.close();
      await waiter.close();
    });
  });

  it("refuses URLs of other databases and URLs without a path", async () => {
    await expectUnusable("mysql://root:hunter2@localhost/x", "sqlite:", "postgres://");
    await expectUnusable("sqlite:", "path");
    await expectUnusable("", "sqlite:");
  });

  it("never tells the password of a URL", async () => {
    const urls = [
      "postgres://user:hunter2@127.0.0.1:1/latchkey",
      "postgresql://user:hunter2@[::1]:1/latchkey?connect_timeout=1",
      "postgres://user:hunter2@host:not-a-port/latchkey",
      "postgres://user:hunter2@127.0.0.1:5432/latchkey?sslrootcert=/nowhere",
      "mysql://user:hunter2@127.0.0.1/latchkey",
    ];
    for (const url of urls) {
      const failures: unknown[] = [];
      try {
        const database = await openDatabase(url);
        failures.push(await rejectionOf(database.ping()));
        failures.push(await rejectionOf(assertSchemaCurrent(database)));
        failures.push(await rejectionOf(migrateDatabase(database)));
        failures.push(database.location);
        await database.close();
      } catch (err) {
        failures.push(err);
      }
      expect(failures).not.to.have.length(0);
      expect(inspect(failures, { depth: 9, showHidden: true }), url).not.to.include("hunter2");
    }
  });
});
