import { expect } from "chai";
import { openDeployment } from "../../src/deployment.js";
import { loadConfig } from "../../src/config/load-config.js";
import { assertSchemaCurrent, migrateDatabase } from "../../src/storage/migrate.js";
import { openDatabase } from "../../src/storage/open-database.js";
import { eventually } from "../support/eventually.js";
import { requireOwnPostgres, startOwnPostgres, type OwnPostgres } from "../support/own-postgres.js";
import { createStores, openTestChangeFeed } from "../support/stores.js";
import { codeOfRejection, rejectionOf } from "../support/stores-rejection.js";
import { createTestCertificates, type TestCertificates } from "../support/test-certificates.js";

/** WB-10: the certificate of a backend is checked. */
describe("PostgreSQL over TLS with sslmode=verify-full", function () {
  this.timeout(120_000);
  let authority: TestCertificates;
  let stranger: TestCertificates;
  let postgres: OwnPostgres;

  before(async function () {
    requireOwnPostgres(this);
    authority = await createTestCertificates("DNS:localhost");
    stranger = await createTestCertificates("DNS:localhost");
    postgres = await startOwnPostgres({ tls: authority });
  });
  after(async () => {
    await postgres?.close();
    await authority?.remove();
    await stranger?.remove();
  });

  const urlWith = (parameters: Record<string, string>) => {
    const url = new URL(postgres.url);
    url.username = "postgres";
    url.password = "hunter2-of-the-url";
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url;
  };
  const verified = (by: TestCertificates) =>
    urlWith({ sslmode: "verify-full", sslrootcert: by.ca });
  const failureAtStart = (url: URL) =>
    rejectionOf(openDeployment(loadConfig({ ...ENVIRONMENT, DATABASE_URL: url.href })));

  it("works with the right authority and name, and is encrypted", async () => {
    const database = await openDatabase(verified(authority).href);
    try {
      await migrateDatabase(database);
      await assertSchemaCurrent(database);
      const { rows } = await database.knex.raw<{ rows: { ssl: boolean }[] }>(
        "select ssl from pg_stat_ssl where pid = pg_backend_pid()",
      );
      expect(rows).to.deep.equal([{ ssl: true }]);
    } finally {
      await database.close();
    }
  });

  it("tells of changes, encrypted as well, and not from one with another certificate", async () => {
    const database = await openDatabase(verified(authority).href);
    const fooled = await openDatabase(verified(stranger).href);
    const failures: string[] = [];
    const warn = ({ err }: { err: Error }) => void failures.push(err.message);
    const refused = fooled.openChangeFeed({ info() {}, warn });
    try {
      await migrateDatabase(database);
      const changes = await openTestChangeFeed(database);
      const rows = await postgres.query(
        "select distinct ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'latchkey changes'",
      );
      expect(rows).to.deep.equal([{ ssl: true }]);
      await changes.close();
      await eventually("the other is refused", () => failures.length > 0);
      expect(failures[0])
        .to.match(/certificate/)
        .and.not.include("hunter2");
      expect(refused?.isCurrent()).to.equal(false);
    } finally {
      await refused?.close();
      await fooled.close();
      await database.close();
    }
  });

  it("is refused at start with another authority, in one sentence that says so", async () => {
    const err = await failureAtStart(verified(stranger));
    expectClearRefusal(err, /certificate/);
  });

  it("is refused at start with another name than the certificate's", async () => {
    const url = verified(authority);
    url.hostname = "127.0.0.1";
    const err = await failureAtStart(url);
    expectClearRefusal(err, /certificate/);
  });

  it("is refused at start without TLS where the server demands it", async () => {
    expectClearRefusal(await failureAtStart(urlWith({})), /refuses access/);
  });

  it("is refused at start where the server has no TLS", async () => {
    const plain = await startOwnPostgres();
    try {
      const url = verified(authority);
      url.port = new URL(plain.url).port;
      expect(await failureAtStart(url)).to.include({ code: "database_unusable" });
    } finally {
      await plain.close();
    }
  });

  it("is an outage, not a bug, when the certificate changes while the server runs", async () => {
    const database = await openDatabase(verified(stranger).href);
    try {
      const { models } = createStores("", database);
      expect(await codeOfRejection(models.find("Session", "x"))).to.equal("database_unavailable");
    } finally {
      await database.close();
    }
  });

  function expectClearRefusal(err: unknown, about: RegExp): void {
    expect(err).to.include({ code: "database_unusable" });
    expect(err).to.have.property("message").that.matches(about);
    expect(err)
      .to.have.property("message")
      .that.includes(`:${new URL(postgres.url).port}/`);
    expect(err).to.have.property("message").that.does.not.include("hunter2");
  }
});

const ENVIRONMENT = {
  NODE_ENV: "production",
  ISSUER: "http://localhost:8000",
  SECRET_KEY: "a test secret of more than thirty-two characters",
};
