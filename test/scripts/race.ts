/**
 * Uses one authorization code, and one refresh token, many times at once, over many rounds. Each
 * time exactly one answer may carry tokens; every other is `invalid_grant` and ends those.
 *
 *   npm run race [-- ROUNDS [PARALLEL]]
 */
import { startTestServer } from "../support/test-server.js";
import { createTokenRaces, type RaceOutcome } from "../support/token-race.js";

const ROUNDS = Number(process.argv[2] ?? 100);
const PARALLEL = Number(process.argv[3] ?? 50);

const server = await startTestServer({ environment: { LOG_LEVEL: "error" } });
let violations = 0;
try {
  const { raceCode, raceRefresh } = await createTokenRaces(server);
  violations += await run("code", raceCode);
  violations += await run("refresh token", raceRefresh);
} finally {
  await server.close();
}
process.exitCode = violations === 0 ? 0 : 1;

async function run(
  what: string,
  race: (parallel: number) => Promise<RaceOutcome>,
): Promise<number> {
  const tally = { rounds: 0, winners: 0, invalidGrant: 0, otherAnswers: 0, survivors: 0 };
  let wrongRounds = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const { winners, losers, alive } = await race(PARALLEL);
    const invalidGrant = losers["400 invalid_grant"] ?? 0;
    tally.rounds++;
    tally.winners += winners;
    tally.invalidGrant += invalidGrant;
    tally.otherAnswers += PARALLEL - winners - invalidGrant;
    tally.survivors += alive.length;
    if (winners !== 1 || invalidGrant !== PARALLEL - 1 || alive.length > 0) {
      wrongRounds++;
      console.log(`VIOLATION in round ${round}:`, JSON.stringify({ winners, losers, alive }));
    }
    server.logs.length = 0;
  }
  console.log(`${what}, ${PARALLEL} at once:`, JSON.stringify(tally));
  console.log(wrongRounds === 0 ? "no violation" : `${wrongRounds} rounds with VIOLATIONS`);
  return wrongRounds;
}
