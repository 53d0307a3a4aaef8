import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AccountEventStore } from "../../src/accounts/account-event-store.js";
import type { AccountStore } from "../../src/accounts/account-store.js";
import type { PersonalRecordStore } from "../../src/accounts/personal-records.js";
import type { UpstreamSessionStore } from "../../src/federation/upstream-session-store.js";
import type { PasskeyStore } from "../../src/accounts/passkey-store.js";
import type { OneTimeCodeStore } from "../../src/accounts/one-time-code-store.js";
import type { ConsentStore } from "../../src/accounts/consent-store.js";
import type { FederatedIdentityStore } from "../../src/accounts/federated-identity-store.js";
import type { SecondStepStore } from "../../src/accounts/second-step-store.js";
import type { ClientStore } from "../../src/clients/client-store.js";
import type { ResourceServerStore } from "../../src/clients/resource-server-store.js";
import type { TokenExchangePolicyStore } from "../../src/clients/token-exchange-policy-store.js";
import type { EndingStore } from "../../src/sessions/ending-store.js";
import type { LogoutDeliveryStore } from "../../src/sessions/logout-delivery-store.js";
import type { UpstreamProviderStore } from "../../src/federation/upstream-provider.js";
import type { SigningKeyStore } from "../../src/keys/signing-key-store.js";
import type { MailStore } from "../../src/mail/mail-store.js";
import type { ChangeFeed } from "../../src/lib/change-feed.js";
import type { Clock } from "../../src/lib/clock.js";
import type { ExpiredModelPurge, ModelStore } from "../../src/oidc/model-store.js";
import { migrateDatabase } from "../../src/storage/migrate.js";
import { openDatabase, type Database } from "../../src/storage/open-database.js";
import type { ExpiredPurge } from "../../src/storage/purge-loop.js";
import { createSqlModelStore } from "../../src/storage/sql-model-store.js";
import type { StatusListStore } from "../../src/tokens/status-list-store.js";
import { createSqlStores } from "../../src/storage/sql-stores.js";
import type { RevocationStore } from "../../src/tokens/revocation-store.js";
import { eventually } from "./eventually.js";
import { reportMissing } from "./missing-services.js";
import { createTestPostgres, findPostgresProblem, HOW_TO_GET_POSTGRES } from "./postgres.js";

export interface MovableClock extends Clock {
  advance(seconds: number): void;
}

/** Everything that a backend keeps, over one empty database. */
export interface TestStores {
  /** For other processes; what they write is seen here. */
  readonly url: string;
  readonly database: Database;
  readonly clock: MovableClock;
  readonly models: ModelStore & ExpiredModelPurge;
  readonly accounts: AccountStore;
  readonly personalRecords: PersonalRecordStore;
  readonly accountEvents: AccountEventStore & ExpiredPurge;
  readonly federatedIdentities: FederatedIdentityStore;
  readonly passkeys: PasskeyStore;
  readonly upstreamSessions: UpstreamSessionStore;
  readonly consents: ConsentStore;
  readonly secondSteps: SecondStepStore;
  readonly clients: ClientStore;
  readonly resourceServers: ResourceServerStore;
  readonly tokenExchangePolicies: TokenExchangePolicyStore;
  readonly upstreamProviders: UpstreamProviderStore;
  readonly signingKeys: SigningKeyStore;
  readonly revocationRecords: RevocationStore & ExpiredPurge;
  readonly statusLists: StatusListStore;
  readonly logoutDeliveries: LogoutDeliveryStore;
  readonly endings: EndingStore;
  readonly mailStore: MailStore;
  readonly oneTimeCodeStore: OneTimeCodeStore;
}

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

export interface Backend {
  readonly name: string;
  readonly howToGetIt: string;
  /** @returns why it can't be used here, or undefined when it can. */
  findProblem(): Promise<unknown>;
  createDatabase(): Promise<TestDatabase>;
}

const DROP_TIMEOUT_MS = 120_000;

export const BACKENDS: readonly Backend[] = [
  {
    name: "SQLite",
    howToGetIt: "npm ci",
    findProblem: async () => undefined,
    createDatabase: createTestSqlite,
  },
  {
    name: "PostgreSQL",
    howToGetIt: HOW_TO_GET_POSTGRES,
    findProblem: findPostgresProblem,
    createDatabase: createTestPostgres,
  },
];

/**
 * One suite for each backend, over an empty database that has the schema. A backend that is not
 * there is left out and named at the end of the run; in CI that fails.
 */
export function describeOnEachBackend(
  title: string,
  body: (stores: () => TestStores) => void,
): void {
  describeOnEachDatabase(title, (createDatabase) => {
    let stores: TestStores;
    before(async () => {
      const { url } = await createDatabase();
      const database = await openDatabase(url);
      await migrateDatabase(database);
      stores = createStores(url, database);
    });
    after(() => stores?.database.close());
    body(() => stores);
  });
}

/** The same, and once more with stores that keep what they read, as every server has. */
export function describeKeptAndNot(title: string, body: (stores: () => TestStores) => void): void {
  describeOnEachBackend(title, body);
  describeOnEachDatabase(`${title} that keeps what it reads`, (createDatabase) => {
    let stores: TestStores;
    let changes: ChangeFeed;
    before(async () => {
      const { url } = await createDatabase();
      const database = await openDatabase(url);
      await migrateDatabase(database);
      changes = await openTestChangeFeed(database);
      stores = createStores(url, database, changes);
    });
    after(async () => {
      await changes?.close();
      await stores?.database.close();
    });
    body(() => stores);
  });
}

/** Current when it resolves. */
export async function openTestChangeFeed(database: Database): Promise<ChangeFeed> {
  const changes = database.openChangeFeed({ info() {}, warn() {} });
  await eventually("the change feed is current", () => changes.isCurrent());
  return changes;
}

/** The same with databases that are empty and that the suite opens by itself. */
export function describeOnEachDatabase(
  title: string,
  body: (createDatabase: () => Promise<TestDatabase>, backend: Backend) => void,
): void {
  for (const backend of BACKENDS) {
    describe(`${title} on ${backend.name}`, () => {
      const databases: TestDatabase[] = [];
      before(async function () {
        const problem = await backend.findProblem();
        if (problem === undefined) return;
        if (process.env["CI"] === "true") throw problem;
        reportMissing(backend.name, backend.howToGetIt);
        this.skip();
      });
      body(async () => {
        const database = await backend.createDatabase();
        databases.push(database);
        return database;
      }, backend);
      after(async function () {
        // PostgreSQL writes out all it has for each drop, which takes its time on a busy disk.
        this.timeout(DROP_TIMEOUT_MS);
        await Promise.all(databases.map((database) => database.drop()));
      });
    });
  }
}

export function createMovableClock(): MovableClock {
  let seconds = 1_800_000_000;
  return {
    nowMs: () => seconds * 1000,
    nowSeconds: () => seconds,
    advance(by) {
      seconds += by;
    },
  };
}

export function createStores(url: string, database: Database, changes?: ChangeFeed): TestStores {
  const clock = createMovableClock();
  const deps = { database, clock };
  return {
    url,
    database,
    clock,
    models: createSqlModelStore(deps),
    ...createSqlStores({ ...deps, changes }),
  };
}

async function createTestSqlite(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-contract-"));
  return {
    url: `sqlite:${join(folder, "latchkey.sqlite")}`,
    async drop() {
      await rm(folder, { recursive: true, force: true });
    },
  };
}
