/**
 * Uses one code, one refresh token, one client assertion and one DPoP proof many times at once, at
 * two nodes in turn, over many rounds: on PostgreSQL, and on PostgreSQL and Redis. Each time exactly
 * one answer may succeed; of a code or refresh token every other one ends what that one got.
 *
 *   npm run race:nodes [-- ROUNDS [PARALLEL]]
 */
import { isDeepStrictEqual } from "node:util";
import { startOwnPostgres } from "../support/own-postgres.js";
import { startRedisServer } from "../support/redis-servers.js";
import { raceClientAssertion, raceDpopProof } from "../support/replay-race.js";
import { startServerNodes } from "../support/server-nodes.js";
import { createTokenRaces } from "../support/token-race.js";

const ROUNDS = Number(process.argv[2] ?? 200);
const PARALLEL = Number(process.argv[3] ?? 50);

const ONE_WINNER = {
  token: { winners: 1, losers: { "400 invalid_grant": PARALLEL - 1 }, alive: [] },
  assertion: { "200": 1, "401 invalid_client": PARALLEL - 1 },
  proof: { "200": 1, "400 invalid_grant": PARALLEL - 1 },
};

const redis = await startRedisServer();
try {
  const wrongRounds =
    (await raceOn("PostgreSQL", {})) +
    (await raceOn("PostgreSQL and Redis", { REDIS_URL: redis.url }));
  process.exitCode = wrongRounds === 0 ? 0 : 1;
} finally {
  await redis.stop();
}

/** @returns how many rounds had not exactly one winner. */
async function raceOn(name: string, environment: Record<string, string>): Promise<number> {
  const postgres = await startOwnPostgres();
  const nodes = await startServerNodes({
    environment: { DATABASE_URL: postgres.url, LOG_LEVEL: "error", ...environment },
  });
  try {
    const { raceCode, raceRefresh } = await createTokenRaces(nodes, { delaysReads: false });
    const races = [
      { what: "a code", race: raceCode, expected: ONE_WINNER.token },
      { what: "a refresh token", race: raceRefresh, expected: ONE_WINNER.token },
      {
        what: "a client assertion",
        race: (parallel: number) => raceClientAssertion(nodes, parallel),
        expected: ONE_WINNER.assertion,
      },
      {
        what: "a DPoP proof",
        race: (parallel: number) => raceDpopProof(nodes, parallel),
        expected: ONE_WINNER.proof,
      },
    ];
    let wrongRounds = 0;
    for (const { what, race, expected } of races) {
      const wrong = await runRounds(() => race(PARALLEL), expected);
      console.log(
        `${name}: ${what}, ${PARALLEL} at once at two nodes: ${ROUNDS - wrong} of ${ROUNDS} rounds with exactly one winner`,
      );
      wrongRounds += wrong;
    }
    return wrongRounds;
  } finally {
    await nodes.close();
    await postgres.close();
  }
}

async function runRounds(race: () => Promise<unknown>, expected: unknown): Promise<number> {
  let wrong = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const outcome = await race();
    if (isDeepStrictEqual(outcome, expected)) continue;
    wrong++;
    console.log(`VIOLATION in round ${round}: ${JSON.stringify(outcome)}`);
  }
  return wrong;
}
