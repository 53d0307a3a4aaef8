/**
 * Guesses passwords: as many as told at one account from a tenth as many addresses, and as many at
 * one each of so many accounts from one address; on SQLite, and at two nodes on PostgreSQL and Redis.
 * Prints how many guesses were compared with a hash, and whether the owner gets in meanwhile.
 *
 *   npm run attack [-- GUESSES]
 */
import {
  addressOf,
  attackPasswords,
  createKnownDevice,
  signsIn,
  type AttackResult,
  type Guess,
} from "../support/password-attack.js";
import { startOwnPostgres } from "../support/own-postgres.js";
import { startRedisServer } from "../support/redis-servers.js";
import { startServerNodes } from "../support/server-nodes.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent } from "../support/user-agent.js";

const GUESSES = Number(process.argv[2] ?? 10_000);
const ADDRESSES = Math.max(1, GUESSES / 10);
const RIGHT_AT = Math.floor(GUESSES / 2);
/** More than a stranger may have checked before the first long wait. */
const MOST_CHECKED = 40;

const environment = { TRUST_PROXY: "true", LOG_LEVEL: "error" };
let isDefended = true;

const embedded = await startTestServer({ environment, embedded: true });
try {
  await attack("SQLite, one node", embedded);
} finally {
  await embedded.close();
}

const [postgres, redis] = await Promise.all([startOwnPostgres(), startRedisServer()]);
const stores = { DATABASE_URL: postgres.url, REDIS_URL: redis.url };
const nodes = await startServerNodes({ environment: { ...environment, ...stores } });
try {
  await attack("PostgreSQL and Redis, two nodes", nodes);
} finally {
  await nodes.close();
  await Promise.all([postgres.close(), redis.stop()]);
}
process.exitCode = isDefended ? 0 : 1;

async function attack(name: string, server: TestServer): Promise<void> {
  console.log(`\n${name}`);
  await attackOneAccount(server);
  await attackManyAccounts(server);
}

async function attackOneAccount(server: TestServer): Promise<void> {
  const device = await createKnownDevice(server, "203.0.113.1");
  const guesses: Guess[] = Array.from({ length: GUESSES }, (_, index) => ({
    address: addressOf(index % ADDRESSES),
    identifier: server.username,
    password: index === RIGHT_AT ? server.password : `guess number ${index}`,
  }));
  const tries: boolean[] = [];
  let isOver = false;
  const owner = (async () => {
    while (!isOver) tries.push(await signsIn(device, server));
  })();
  const result = await attackPasswords(server, guesses);
  isOver = true;
  await owner;
  report(`${GUESSES} guesses from ${ADDRESSES} addresses at one account`, result);
  console.log(
    `  the right password at place ${RIGHT_AT}: ${words(result.succeeded.includes(RIGHT_AT))}`,
  );
  console.log(`  the owner at a device of theirs, meanwhile: ${count(tries)}`);
  const after = await signsIn(device, server);
  console.log(`  and afterwards: ${after ? "signed in" : "refused"}`);
  const newDevice = createUserAgent(server.issuer, { address: "203.0.113.2" });
  const isIn = await signsIn(newDevice, server);
  console.log(
    `  at a device that is not known, afterwards, by password: ${isIn ? "signed in" : "has to wait"}`,
  );
  expectThat(result.checked.length <= MOST_CHECKED, "few guesses are checked");
  expectThat(after && tries.every(Boolean), "the owner is never held up at a device of theirs");
}

async function attackManyAccounts(server: TestServer): Promise<void> {
  const guesses: Guess[] = Array.from({ length: GUESSES }, (_, index) => ({
    address: "203.0.113.66",
    identifier: `person-${index}@example.com`,
    password: "guess for everybody",
  }));
  const result = await attackPasswords(server, guesses);
  report(`${GUESSES} guesses from one address at as many accounts`, result);
  expectThat(result.checked.length <= 3 * MOST_CHECKED, "few guesses are checked");
}

function report(what: string, { checked, succeeded, statuses }: AttackResult): void {
  console.log(`  ${what}`);
  console.log(`  compared with a hash: ${checked.length}, the last at place ${checked.at(-1)}`);
  console.log(`  got in: ${succeeded.length}; answers: ${JSON.stringify(statuses)}`);
}

function words(isThrough: boolean): string {
  return isThrough ? "got in" : "was not looked at";
}

function count(tries: readonly boolean[]): string {
  return `signed in ${tries.filter(Boolean).length} of ${tries.length} times`;
}

function expectThat(isSo: boolean, what: string): void {
  if (isSo) return;
  isDefended = false;
  console.log(`  NOT SO: ${what}`);
}
