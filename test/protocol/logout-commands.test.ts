import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { systemClock } from "../../src/lib/clock.js";
import type { LogoutDeliveryStore } from "../../src/sessions/logout-delivery-store.js";
import { migrateDatabase } from "../../src/storage/migrate.js";
import { openDatabase, type Database } from "../../src/storage/open-database.js";
import { createSqlLogoutDeliveryStore } from "../../src/storage/sql-logout-delivery-store.js";
import { runCli } from "../support/server-process.js";

describe("latchkey logout", function () {
  this.timeout(180_000);
  let directory: string;
  let database: Database;
  let store: LogoutDeliveryStore;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "latchkey-logout-"));
    database = await openDatabase(`sqlite:${join(directory, "latchkey.sqlite")}`);
    await migrateDatabase(database);
    store = createSqlLogoutDeliveryStore({ database, clock: systemClock });
    for (const clientId of ["shop", "notes", "forum"]) {
      const destination = `${clientId}.example`;
      await store.enqueue([{ clientId, accountId: "acct_1", sid: "a-session", destination }]);
    }
    const options = { exceptDestinations: ["forum.example"], leaseSeconds: 30 };
    for (let next = await store.claim(options); next; next = await store.claim(options)) {
      if (next.clientId === "shop") await store.markFailed(next, "it answered 400 Bad Request");
      else await store.markDelivered(next);
    }
  });
  after(async () => {
    await database?.close();
    await rm(directory, { recursive: true, force: true });
  });

  const latchkey = (args: string) => runCli(args.split(" "), { DATA_DIR: directory });

  it("lists what was delivered, failed and waits, and why", async () => {
    const { stdout } = await latchkey("logout list");
    expect(stdout).to.match(
      /^ID +CLIENT +ACCOUNT +STATE +REQUESTED +FAILURES +WHAT NEXT, OR WHY$/m,
    );
    expect(stdout).to.match(/ shop +acct_1 +failed +\S+Z +0 +it answered 400 Bad Request$/m);
    expect(stdout).to.match(/ notes +acct_1 +delivered +\S+Z +0 +delivered \S+Z$/m);
    expect(stdout).to.match(/ forum +acct_1 +pending +\S+Z +0 +due \S+Z$/m);
  });

  it("lists only those that failed, and those of one client", async () => {
    const failed = await latchkey("logout list --failed --json");
    const [only, ...others] = JSON.parse(failed.stdout) as Record<string, unknown>[];
    expect(others).to.deep.equal([]);
    expect(only).to.include({ client_id: "shop", state: "failed", sid: "a-session" });
    const ofNotes = await latchkey("logout list --client notes");
    expect(ofNotes.stdout).to.include("notes").and.not.include("shop");
  });

  it("makes one that failed due at once, and says why it cannot", async () => {
    const [failed] = await store.list({ state: "failed", limit: 1 });
    const retried = await latchkey(`logout retry ${failed?.id}`);
    expect([retried.code, retried.stderr]).to.deep.equal([0, ""]);
    const [waits] = await store.list({ clientId: "shop", limit: 1 });
    expect(waits).to.include({ state: "pending", reason: undefined });
    const [delivered] = await store.list({ state: "delivered", limit: 1 });
    for (const id of [delivered?.id, "unknown"]) {
      const refused = await latchkey(`logout retry ${id}`);
      expect(refused.code).to.equal(1);
      expect(refused.stderr).to.include(`There is no logout "${id}" to deliver again`);
    }
  });

  it("registers where a client is told, with its session", async () => {
    const created = await latchkey(
      "client create --type web --redirect-uri https://shop.example/cb --backchannel-logout-uri https://shop.example/logout --json",
    );
    const { client_id: id } = JSON.parse(created.stdout) as Record<string, string>;
    const shown = await latchkey(`client show ${id} --json`);
    expect(shown.stdout)
      .to.include('"backchannel_logout_uri": "https://shop.example/logout"')
      .and.include('"backchannel_logout_session_required": true');
  });
});
