import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { toAccountId, type AccountId } from "../../src/accounts/account.js";
import { NO_PERSONAL_DATA, PERSONAL_DATA } from "../../src/storage/personal-data.js";
import { describeOnEachBackend } from "../support/stores.js";

/** Tables that belong to nobody. */
const IMPERSONAL = new Set([
  "client",
  "migration",
  "migration_lock",
  "resource_server",
  "resource_server_client",
  "signing_key",
  "status_list",
  "token_exchange_policy",
  "upstream_provider",
]);

describeOnEachBackend("accounts that are deleted", (stores) => {
  afterEach(async () => {
    await stores().database.knex("account").delete();
  });

  async function createAccount(): Promise<AccountId> {
    const id = toAccountId(`acct_${randomUUID()}`);
    await stores().accounts.create({
      id,
      username: id.toLowerCase(),
      email: `${id}@example.com`.toLowerCase(),
      emailVerified: true,
      profile: { name: "Ada" },
      demonstration: false,
      passwordHash: "hash of a password",
      invitedUntilSeconds: 2_000_000_000,
    });
    return id;
  }

  async function listTables(): Promise<Map<string, string[]>> {
    const { knex } = stores().database;
    const isSqlite = stores().url.startsWith("sqlite:");
    const names: { name: string }[] = isSqlite
      ? await knex("sqlite_master")
          .where("type", "table")
          .whereNot("name", "like", "sqlite_%")
          .select("name")
      : await knex("pg_tables").where("schemaname", "public").select("tablename as name");
    const tables = new Map<string, string[]>();
    for (const { name } of names) tables.set(name, Object.keys(await knex(name).columnInfo()));
    return tables;
  }

  /** A row that names the account in every table that can; columns are filled by their types. */
  async function fillTables(id: AccountId): Promise<void> {
    const { knex } = stores().database;
    await knex("client")
      .insert({
        client_id: "notes",
        metadata: "{}",
        first_party: false,
        created_by: "administrator",
        demonstration: false,
        created_at: 1,
      } as never)
      .onConflict("client_id")
      .ignore();
    for (const [table, { owner }] of Object.entries(PERSONAL_DATA)) {
      if (
        ["account", "account_identifier", "account_invitation", "password_credential"].includes(
          table,
        )
      )
        continue;
      const row: Record<string, unknown> = {};
      for (const [name, { type }] of Object.entries(await knex(table).columnInfo())) {
        row[name] = /int/i.test(type) ? 1 : /bool/i.test(type) ? false : `${name} of ${table}`;
      }
      await knex(table).insert({
        ...row,

        ...clientOf(row),
        [owner]: id,
        ...stateOf(table),
      });
    }
  }

  const clientOf = (row: Record<string, unknown>) =>
    Object.hasOwn(row, "client_id") ? { client_id: "notes" } : {};
  const stateOf = (table: string) => {
    if (table === "logout_delivery") return { state: "delivered" };
    if (table === "consent") return { kind: "scope" };
    return table === "account_event" ? { at: 1_800_000_000 } : {};
  };

  it("have each table of the schema, with each column, handed out or a reason why not", async () => {
    for (const [table, columns] of await listTables()) {
      if (IMPERSONAL.has(table)) {
        expect(columns, table).to.not.include("account_id");
        continue;
      }
      const told = PERSONAL_DATA[table];
      if (told === undefined) {
        expect(NO_PERSONAL_DATA, `${table} is neither personal nor declared`).to.have.property(
          table,
        );
        expect(columns, table).to.not.include("account_id");
        continue;
      }
      const known = [...told.handedOut, ...Object.keys(told.withheld)];
      expect(known.toSorted(), table).to.deep.equal(columns.toSorted());
    }
  });

  it("leave nothing in any table that names them, and others alone", async () => {
    const [own, other] = [await createAccount(), await createAccount()];
    await fillTables(own);
    const records = await stores().personalRecords.listOfAccount(own);
    expect(records["federated_identity"]).to.have.length(1);
    expect(JSON.stringify(records)).to.not.match(/hash of|sealed_|payload/);

    await stores().accounts.requestDeletion(own, stores().clock.nowSeconds());
    const claimed = await stores().accounts.claimDeletion(60);
    expect(claimed?.account.id).to.equal(own);
    expect(await stores().accounts.removeClaimed(own, claimed?.claim ?? "")).to.equal("removed");
    for (const [table, columns] of await listTables()) {
      const rows: unknown[] = await stores().database.knex(table).select(columns);
      expect(JSON.stringify(rows).includes(own), table).to.equal(false);
    }
    expect(await stores().accounts.find(other)).to.include({ disabled: false });
  });

  it("can be kept until their time has come, and not after", async () => {
    const own = await createAccount();
    const due = stores().clock.nowSeconds() + 100;
    expect(await stores().accounts.requestDeletion(own, due)).to.equal(due);
    expect(await stores().accounts.requestDeletion(own, due + 50)).to.equal(due);
    expect(await stores().accounts.find(own)).to.include({
      disabled: true,
      deletionDueAtSeconds: due,
    });
    expect(await stores().accounts.claimDeletion(60)).to.equal(undefined);
    expect(await stores().accounts.cancelDeletion(own)).to.equal(true);
    expect(await stores().accounts.cancelDeletion(own)).to.equal(false);
    expect(await stores().accounts.find(own)).to.include({ disabled: false });
    await stores().accounts.requestDeletion(own, due);
    stores().clock.advance(100);
    expect(await stores().accounts.cancelDeletion(own)).to.equal(false);
    await stores().accounts.claimDeletion(60);
  });

  it("are deleted by one of many at once, and by another when that one has died", async () => {
    const own = await createAccount();
    await stores().accounts.requestDeletion(own, stores().clock.nowSeconds());
    const claims = await Promise.all(
      Array.from({ length: 8 }, () => stores().accounts.claimDeletion(60)),
    );
    const won = claims.filter((claimed) => claimed?.account.id === own);
    expect(won).to.have.length(1);
    stores().clock.advance(60);
    const next = await stores().accounts.claimDeletion(60);
    expect(next?.account.id).to.equal(own);
    expect(await stores().accounts.removeClaimed(own, won[0]?.claim ?? "")).to.equal("lost");
    expect(await stores().accounts.removeClaimed(own, next?.claim ?? "")).to.equal("removed");
    expect(await stores().accounts.removeClaimed(own, next?.claim ?? "")).to.equal("lost");
  });

  it("wait until applications were told that their sessions ended", async () => {
    const own = await createAccount();
    await stores().logoutDeliveries.enqueue([
      { clientId: "notes", accountId: own, sid: "sid", destination: "notes.example.com" },
    ]);
    await stores().accounts.requestDeletion(own, stores().clock.nowSeconds());
    const claimed = await stores().accounts.claimDeletion(60);
    expect(await stores().accounts.removeClaimed(own, claimed?.claim ?? "")).to.equal("waits");
    expect(await stores().accounts.claimDeletion(60)).to.equal(undefined);
    const logout = await stores().logoutDeliveries.claim({
      exceptDestinations: [],
      leaseSeconds: 9,
    });
    if (logout !== undefined) await stores().logoutDeliveries.markDelivered(logout);
    stores().clock.advance(2);
    const again = await stores().accounts.claimDeletion(60);
    expect(await stores().accounts.removeClaimed(own, again?.claim ?? "")).to.equal("removed");
  });

  it("tell a secret column from one that people get by its declaration alone", () => {
    for (const [table, { handedOut }] of Object.entries(PERSONAL_DATA)) {
      const secret = handedOut.filter((name) => /hash|sealed|secret|payload|public_key/.test(name));
      expect(secret, table).to.deep.equal([]);
    }
  });
});
