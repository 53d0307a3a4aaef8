import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { declareApis, type ApiDeclarations } from "../../src/clients/declared-apis.js";
import type { NewResourceServer } from "../../src/clients/resource-server-store.js";
import type { AuditEntry } from "../../src/lib/audit.js";
import { describeOnEachDatabase, createStores } from "../support/stores.js";
import { migrateDatabase } from "../../src/storage/migrate.js";
import { openDatabase } from "../../src/storage/open-database.js";

const PATH = "/etc/latchkey/apis.json";

describeOnEachDatabase("APIs that a file declares", (createDatabase, backend) => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  async function openNodes() {
    const { url } = await createDatabase();
    const nodes = [await openDatabase(url), await openDatabase(url)].map((database) => {
      closers.push(() => database.close());
      const audited: AuditEntry[] = [];
      const warned: object[] = [];
      const logger = { info() {}, warn: (facts: object) => void warned.push(facts) };
      const stores = createStores(url, database);
      const deps = { ...stores, audit: (entry: AuditEntry) => void audited.push(entry), logger };
      const declare = (...apis: NewResourceServer[]) => declareApis(file(...apis), deps);
      return { database, stores, audited, warned, deps, declare };
    });
    const [here, there] = nodes;
    if (here === undefined || there === undefined) throw new Error("no nodes");
    await migrateDatabase(here.database);
    return { here, there };
  }

  const file = (...apis: NewResourceServer[]): ApiDeclarations => ({ path: PATH, apis });

  function newApi(changes: Partial<NewResourceServer> = {}): NewResourceServer {
    return {
      identifier: `https://${randomUUID()}.example.com`,
      name: "Orders",
      scopes: { read: "Read" },
      accessTokenFormat: "jwt",
      ...changes,
    };
  }

  it("are made at the first start, kept at the next, and changed when the file is", async () => {
    const { here } = await openNodes();
    const api = newApi();
    await here.declare(api);
    const made = await here.stores.resourceServers.find(api.identifier);
    expect(made).to.include({ ...api, scopes: made?.scopes, managedBy: PATH });
    await here.declare({ ...api, identifier: `${api.identifier}/` });
    expect(here.audited.map(({ event }) => event)).to.deep.equal(["api.created"]);
    await here.declare({ ...api, name: "New", accessTokenSeconds: 60 });
    expect(here.audited.at(-1)).to.include({ event: "api.updated", by: PATH });
    expect(here.audited.at(-1)?.["changed"]).to.equal("accessTokenSeconds name");
    expect(await here.stores.resourceServers.find(api.identifier)).to.include({ name: "New" });
    await here.declare(api);
    const back = await here.stores.resourceServers.find(api.identifier);
    expect(back).to.deep.equal(made);
  });

  it("are the same whichever nodes start at once", async () => {
    // SQLite has one node.
    if (backend.name !== "PostgreSQL") return;
    const { here, there } = await openNodes();
    const apis = [newApi(), newApi({ default: true }), newApi()];
    await Promise.all([here.declare(...apis), there.declare(...apis)]);
    await Promise.all([there.declare(...apis), here.declare(...apis)]);
    const listed = await here.stores.resourceServers.list();
    expect(listed.map(({ identifier }) => identifier)).to.have.members(
      apis.map(({ identifier }) => identifier),
    );
    expect(listed.filter((api) => api.default)).to.have.length(1);
    const created = [...here.audited, ...there.audited].filter(
      ({ event }) => event === "api.created",
    );
    expect(created).to.have.length(3);
  });

  it("take over one that commands made, with its identity and what hangs on it", async () => {
    const { here } = await openNodes();
    const api = newApi({ open: true });
    await here.stores.resourceServers.create(api);
    await here.declare({ ...api, open: false });
    const taken = await here.stores.resourceServers.find(api.identifier);
    expect(taken).to.include({ open: false, managedBy: PATH });
  });

  it("stay when they leave the file, for commands to manage, and the log says so", async () => {
    const { here } = await openNodes();
    const [stays, leaves] = [newApi(), newApi()];
    await here.declare(stays, leaves);
    await here.declare(stays);
    expect(await here.stores.resourceServers.find(leaves.identifier)).to.include({
      managedBy: undefined,
      name: "Orders",
    });
    expect(here.warned).to.deep.equal([{ api: leaves.identifier, file: PATH }]);
    await declareApis(undefined, here.deps);
    const left = await here.stores.resourceServers.find(stays.identifier);
    expect(left).to.include({ managedBy: undefined });
    expect(here.warned).to.have.length(2);
    await declareApis(undefined, here.deps);
    expect(here.warned).to.have.length(2);
  });

  it("allow the clients that are registered; those that are not at the start after they are", async () => {
    const { here } = await openNodes();
    await here.stores.clients.saveRegistration("early", {}, undefined);
    const api = newApi({ clients: { early: ["read"], late: "all" } });
    await here.declare(api);
    const clientsOf = async () =>
      (await here.stores.resourceServers.find(api.identifier))?.clients ?? {};
    expect(await clientsOf()).to.deep.equal({ early: ["read"] });
    expect(here.warned).to.deep.equal([{ api: api.identifier, clientId: "late" }]);
    await here.stores.clients.saveRegistration("late", {}, undefined);
    await here.declare(api);
    expect(await clientsOf()).to.deep.equal({ early: ["read"], late: "all" });
  });
});
