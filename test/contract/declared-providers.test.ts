import { expect } from "chai";
import type { NewUpstreamProvider } from "../../src/federation/complete-provider.js";
import { secretContext } from "../../src/federation/secret-context.js";
import { declareProviders } from "../../src/federation/declared-providers.js";
import { resealSecrets } from "../../src/federation/reseal-secrets.js";
import type { AuditEntry } from "../../src/lib/audit.js";
import { combineSealers, createSealer } from "../../src/lib/seal.js";
import { migrateDatabase } from "../../src/storage/migrate.js";
import { openDatabase } from "../../src/storage/open-database.js";
import { createStores, describeOnEachDatabase } from "../support/stores.js";
import { codeOfRejection } from "../support/stores-rejection.js";

const PATH = "/etc/latchkey/providers.json";
const OLD_KEY = createSealer("an old secret key of thirty-two characters", "test");
const KEY = createSealer("a secret key of more than thirty-two chars", "test");

describeOnEachDatabase("Providers that a file declares", (createDatabase) => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  async function openNodes() {
    const { url } = await createDatabase();
    const open = async () => {
      const database = await openDatabase(url);
      closers.push(() => database.close());
      const audited: AuditEntry[] = [];
      const warned: object[] = [];
      const deps = {
        ...createStores(url, database),
        sealer: KEY,
        audit: (entry: AuditEntry) => void audited.push(entry),
        logger: { warn: (facts: object) => void warned.push(facts) },
      };
      const declare = (...providers: NewUpstreamProvider[]) =>
        declareProviders(
          {
            path: PATH,
            providers: providers.map((provider) => ({ provider, clientSecret: "s3cret" })),
          },
          deps,
        );
      return { database, audited, warned, deps, declare, providers: deps.upstreamProviders };
    };
    const [here, there] = [await open(), await open()];
    await migrateDatabase(here.database);
    return { here, there };
  }

  const entra = { id: "entra", clientId: "latchkey", issuer: "https://login.example.com" };

  it("are made at the first start, kept at the next, and changed when the file is", async () => {
    const { here } = await openNodes();
    await here.declare(entra);
    const made = await here.providers.find("entra");
    expect(made).to.include({ issuer: entra.issuer, managedBy: PATH, version: 1 });
    expect(KEY.open(made?.sealedClientSecret ?? "", secretContext("entra"))).to.equal("s3cret");
    await here.declare(entra);
    expect(await here.providers.find("entra")).to.include({ version: 1 });
    await here.declare({ ...entra, displayName: "Work" });
    expect(await here.providers.find("entra")).to.include({ displayName: "Work", version: 2 });
    expect(here.audited.map(({ event }) => event)).to.deep.equal([
      "provider.created",
      "provider.updated",
    ]);
    expect(here.audited.at(-1)).to.include({ changed: "displayName" });
    expect(JSON.stringify(here.audited)).to.not.include("s3cret");
  });

  it("are made once by nodes that start together", async () => {
    const { here, there } = await openNodes();
    await Promise.all([here.declare(entra), there.declare(entra)]);
    expect(await here.providers.list()).to.have.length(1);
    const made = [...here.audited, ...there.audited].filter(
      ({ event }) => event === "provider.created",
    );
    expect(made).to.have.length(1);
  });

  it("are disabled when they leave the file, and stay for commands to delete", async () => {
    const { here } = await openNodes();
    await here.declare(entra);
    await here.declare();
    expect(await here.providers.find("entra")).to.include({ disabled: true, managedBy: undefined });
    expect(here.warned).to.have.length(1);
  });

  it("stop the start where another provider has the issuer", async () => {
    const { here } = await openNodes();
    await here.declare(entra);
    const other = declareProviders(
      {
        path: PATH,
        providers: [entra, { ...entra, id: "b" }].map((provider) => ({
          provider,
          clientSecret: "x",
        })),
      },
      here.deps,
    );
    expect(await codeOfRejection(other)).to.equal("provider_exists");
  });

  it("keep their secrets readable when SECRET_KEY changes, and forget the one before", async () => {
    const { here } = await openNodes();
    await here.declare(entra);
    const context = secretContext("entra");
    await here.providers.update("entra", () => ({
      sealedClientSecret: OLD_KEY.seal("s3cret", context),
    }));
    const deps = { ...here.deps, sealer: combineSealers([KEY, OLD_KEY]), newestSealer: KEY };
    await Promise.all([resealSecrets(deps), resealSecrets(deps)]);
    const sealed = (await here.providers.find("entra"))?.sealedClientSecret ?? "";
    expect(KEY.open(sealed, context)).to.equal("s3cret");
  });
});
