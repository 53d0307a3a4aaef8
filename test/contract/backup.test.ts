import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import SqliteDatabase from "better-sqlite3";
import { expect } from "chai";
import { assertSchemaCurrent, migrateDatabase } from "../../src/storage/migrate.js";
import { openDatabase } from "../../src/storage/open-database.js";
import { createStores } from "../support/stores.js";

/** The steps of docs/storage.md. */
describe("A backup of SQLite", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "latchkey-backup-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function findSessions(path: string): Promise<string[]> {
    const database = await openDatabase(`sqlite:${path}`);
    await assertSchemaCurrent(database);
    const ids = await database.knex("model").where({ model: "Session" }).pluck("id");
    await database.close();
    return ids;
  }

  it("that is taken while the server writes is whole and has all that was acknowledged before", async () => {
    const path = join(folder, "live.sqlite");
    const url = `sqlite:${path}`;
    const server = await openDatabase(url);
    await migrateDatabase(server);
    const { models } = createStores(url, server);
    for (let index = 0; index < 50; index++)
      await models.upsert("Session", `before-${index}`, {}, 60);

    let isDone = false;
    const writing = (async () => {
      for (let index = 0; !isDone; index++) {
        await models.upsert("Session", `during-${index}`, {}, 60);
        // SQLite answers within the same turn: without this nothing else would run.
        await nextTurn();
      }
    })();
    const copy = join(folder, "copy.sqlite");
    const source = new SqliteDatabase(path, { fileMustExist: true });
    // Among the writes, not before the first.
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    source.prepare("VACUUM INTO ?").run(copy);
    source.close();
    isDone = true;
    await writing;
    await server.close();

    const check = new SqliteDatabase(copy, { readonly: true });
    expect(check.pragma("integrity_check", { simple: true })).to.equal("ok");
    check.close();
    const copied = await findSessions(copy);
    expect(copied.filter((id) => id.startsWith("before-"))).to.have.length(50);
  });

  it("that is a plain copy is whole when the server was stopped: no other file is left", async () => {
    const path = join(folder, "stopped.sqlite");
    const database = await openDatabase(`sqlite:${path}`);
    await migrateDatabase(database);
    await createStores(path, database).models.upsert("Session", "kept", {}, 60);
    await database.close();
    await copyFile(path, join(folder, "plain.sqlite"));
    expect(await findSessions(join(folder, "plain.sqlite"))).to.deep.equal(["kept"]);
  });
});
