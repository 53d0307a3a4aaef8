import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn, setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import type { AccountStore } from "../../src/accounts/account-store.js";
import type { ClientStore } from "../../src/clients/client-store.js";
import type { TokenExchangePolicyStore } from "../../src/clients/token-exchange-policy-store.js";
import type { ResourceServerStore } from "../../src/clients/resource-server-store.js";
import { migrateDatabase } from "../../src/storage/migrate.js";
import { openDatabase, type Database } from "../../src/storage/open-database.js";
import { createSqlStores } from "../../src/storage/sql-stores.js";
import { systemClock } from "../../src/lib/clock.js";
import { eventually } from "../support/eventually.js";
import { startFaultProxy } from "../support/fault-proxy.js";
import { describeOnEachDatabase, openTestChangeFeed } from "../support/stores.js";

/** A store of one kind, and one row of it. */
interface Kind {
  create(stores: Stores): Promise<string>;
  find(stores: Stores, key: string): Promise<object | undefined>;
  /** Something that is seen in the row. @returns whether `found` has it */
  change(stores: Stores, key: string): Promise<(found: object | undefined) => boolean>;
  /** The same by SQL, as anybody may. */
  readonly sql: string;
}

interface Stores {
  readonly accounts: AccountStore;
  readonly clients: ClientStore;
  readonly resourceServers: ResourceServerStore;
  readonly tokenExchangePolicies: TokenExchangePolicyStore;
}

const KINDS: Record<string, Kind> = {
  account: {
    async create({ accounts }) {
      const { id } = await accounts.create({
        id: randomUUID() as never,
        username: randomUUID(),
        email: undefined,
        emailVerified: false,
        profile: { name: "Ada", address: { country: "UK" } },
        demonstration: false,
        passwordHash: undefined,
      });
      return id;
    },
    find: ({ accounts }, id) => accounts.find(id as never),
    async change({ accounts }, id) {
      await accounts.setDisabled(id as never, true);
      return (found) => found !== undefined && "disabled" in found && found.disabled === true;
    },
    sql: "update account set disabled = true where id = ?",
  },
  client: {
    async create({ clients }) {
      const clientId = randomUUID();
      await clients.create({
        clientId,
        metadata: { redirect_uris: ["https://app.example.com"] },
        secretHash: "old",
        policy: {
          firstParty: false,
          directSignIn: false,
          secondStep: false,
          resourceServer: undefined,
        },
        createdBy: "administrator",
        demonstration: false,
      });
      return clientId;
    },
    find: ({ clients }, id) => clients.find(id),
    async change({ clients }, id) {
      await clients.setSecretHash(id, "new");
      return (found) => found !== undefined && "secretHash" in found && found.secretHash === "new";
    },
    sql: "update client set secret_hash = 'new' where client_id = ?",
  },
  "resource server": {
    async create({ resourceServers }) {
      const identifier = `https://api.example.com/${randomUUID()}/`;
      await resourceServers.create({
        identifier,
        name: "Orders",
        scopes: { read: "Read" },
        accessTokenFormat: "jwt",
        accessTokenAlgorithm: undefined,
        accessTokenSeconds: undefined,
      });
      return identifier;
    },
    find: ({ resourceServers }, identifier) => resourceServers.find(identifier),
    async change({ resourceServers }, identifier) {
      await resourceServers.delete(identifier);
      return (found) => found === undefined;
    },
    sql: "delete from resource_server where identifier = rtrim(?, '/')",
  },
  "token exchange policy": {
    async create(stores) {
      const clientId = await KINDS["client"]?.create(stores);
      const target = await KINDS["resource server"]?.create(stores);
      if (clientId === undefined || target === undefined) throw new TypeError("unknown kinds");
      const kinds = ["delegation"] as const;
      const policy = { clientId, source: undefined, target, kinds, scopes: ["read"] };
      await stores.tokenExchangePolicies.save(policy);
      // Nodes are told of new ones, too.
      await delay(50);
      return clientId;
    },
    find: ({ tokenExchangePolicies }, id) => tokenExchangePolicies.findAllOf(id),
    async change({ tokenExchangePolicies }, id) {
      const [policy] = await tokenExchangePolicies.findAllOf(id);
      if (policy === undefined) throw new TypeError("no policy");
      // One more, of which the nodes that keep the others must hear.
      await tokenExchangePolicies.save({ ...policy, source: policy.target, scopes: undefined });
      return (found) => Array.isArray(found) && found.length === 2;
    },
    sql: `insert into token_exchange_policy
      select client_id, target, target, true, true, null, 0 from token_exchange_policy
      where client_id = ?`,
  },
};

describeOnEachDatabase("Stores that keep what they read", (createDatabase, backend) => {
  const closers: (() => Promise<unknown>)[] = [];
  let url: string;
  let here: Node;
  let there: Node;
  before(async () => {
    ({ url } = await createDatabase());
    const database = await openDatabase(url);
    await migrateDatabase(database);
    await database.close();
    here = await startNode();
    there = await startNode();
  });
  after(async () => {
    for (const close of closers.toReversed()) await close();
  });

  type Node = Awaited<ReturnType<typeof startNode>>;

  async function startNode(at = url) {
    const database = await openDatabase(at);
    closers.push(() => database.close());
    const changes = await openTestChangeFeed(database);
    closers.push(() => changes.close());
    return {
      database,
      changes,
      stores: createSqlStores({ database, clock: systemClock, changes }),
      countReads: () => countReads(database),
    };
  }

  function countReads(database: Database): () => number {
    let count = 0;
    database.knex.on("query", ({ sql }: { sql: string }) => {
      if (sql.startsWith("select")) count++;
    });
    return () => count;
  }

  for (const [name, kind] of Object.entries(KINDS)) {
    describe(name, () => {
      let key: string;
      beforeEach(async () => {
        key = await kind.create(here.stores);
        // SQLite tells of it a moment later, and as of anything.
        await delay(10);
        for (const { changes } of [here, there]) changes.isCurrent();
      });

      it("is read once, by all who ask", async () => {
        const reads = there.countReads();
        const found = await Promise.all(
          Array.from({ length: 50 }, () => kind.find(there.stores, key)),
        );
        for (let call = 0; call < 50; call++) found.push(await kind.find(there.stores, key));
        expect(found[0]).to.not.equal(undefined);
        expect(new Set(found).size).to.equal(1);
        expect(reads()).to.equal(1);
      });

      it("is known to have changed, here when the call returns and there at once", async () => {
        await Promise.all([kind.find(here.stores, key), kind.find(there.stores, key)]);
        const isChanged = await kind.change(here.stores, key);
        expect(isChanged(await kind.find(here.stores, key))).to.equal(true);
        await eventually(
          "the other node knows",
          async () => isChanged(await kind.find(there.stores, key)),
          1000,
        );
      });

      it("is known to have changed when somebody changes it by SQL", async () => {
        const other = await kind.create(here.stores);
        const isChanged = await kind.change(here.stores, other);
        await Promise.all([kind.find(here.stores, key), kind.find(there.stores, key)]);
        await there.database.knex.raw(kind.sql, [key]);
        for (const node of [here, there]) {
          await eventually(
            "the node knows",
            async () => isChanged(await kind.find(node.stores, key)),
            1000,
          );
        }
      });

      it("is never kept as it was before a change, whatever was being read meanwhile", async () => {
        let isChanged = (_found: object | undefined): boolean => false;
        let reading = true;
        const readers = [here, there].flatMap((node) =>
          Array.from({ length: 4 }, async () => {
            while (reading) {
              await kind.find(node.stores, key);
              await nextTurn();
            }
          }),
        );
        for (let round = 0; round < 30; round++) {
          key = await kind.create(here.stores);
          await delay(2);
          isChanged = await kind.change(here.stores, key);
          expect(isChanged(await kind.find(here.stores, key)), `round ${round}`).to.equal(true);
          await eventually(
            "the other node knows",
            async () => isChanged(await kind.find(there.stores, key)),
            1000,
          );
          for (let call = 0; call < 5; call++) {
            expect(isChanged(await kind.find(there.stores, key))).to.equal(true);
          }
        }
        reading = false;
        await Promise.all(readers);
      });

      it("cannot be changed by those who get it", async () => {
        const found = (await kind.find(there.stores, key)) ?? {};
        const expectFrozen = (value: unknown): void => {
          if (typeof value !== "object" || value === null) return;
          expect(Object.isFrozen(value)).to.equal(true);
          Object.values(value).forEach(expectFrozen);
        };
        expectFrozen(found);
        expect(Object.values(found).some((value) => typeof value === "object")).to.equal(true);
      });
    });
  }

  // What tells of changes on SQLite cannot be cut off.
  if (backend.name !== "PostgreSQL") return;

  it("read again every half a second while nothing is told, and all of it when changes are told again", async function () {
    this.timeout(120_000);
    const proxy = await startFaultProxy(url, "latchkey changes");
    closers.push(() => proxy.close());
    const deaf = await startNode(proxy.url);
    const kind = KINDS["client"] as Kind;
    const key = await kind.create(here.stores);
    await kind.find(deaf.stores, key);
    await proxy.be("silent");
    const isChanged = await kind.change(here.stores, key);
    await eventually(
      "it is read again",
      async () => isChanged(await kind.find(deaf.stores, key)),
      1000,
    );
    await eventually("the silence is noticed", () => !deaf.changes.isCurrent());
    const reads = deaf.countReads();
    const until = performance.now() + 1200;
    while (performance.now() < until) {
      await kind.find(deaf.stores, key);
      await delay(5);
    }
    expect(reads()).to.be.within(2, 3);
    const before = await kind.find(deaf.stores, key);
    await proxy.be("none");
    await eventually("changes are told again", () => deaf.changes.isCurrent());
    const after = await kind.find(deaf.stores, key);
    expect(after).to.deep.equal(before);
    expect(after).not.to.equal(before);
    await deaf.database.knex("client").where({ client_id: key }).update({ first_party: true });
    await eventually(
      "a change is told",
      async () => (await deaf.stores.clients.find(key))?.policy.firstParty === true,
      1000,
    );
  });

  it("fail as the database fails, and go on when it is there again", async function () {
    this.timeout(120_000);
    const proxy = await startFaultProxy(url);
    closers.push(() => proxy.close());
    const node = await startNode(proxy.url);
    const kind = KINDS["client"] as Kind;
    const key = await kind.create(here.stores);
    await kind.find(node.stores, key);
    await proxy.be("silent");
    await delay(1000);
    const outcomes = await Promise.allSettled([
      kind.find(node.stores, key),
      kind.find(node.stores, key),
    ]);
    for (const outcome of outcomes) {
      expect(outcome).to.have.nested.property("reason.code", "database_unavailable");
    }
    await proxy.be("none");
    await eventually("it can be read", async () => {
      const found = await kind.find(node.stores, key).catch(() => undefined);
      return found !== undefined;
    });
  });
});
