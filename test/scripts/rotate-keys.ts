/**
 * Rotates all signing keys three times in 60 s on two nodes under load, once for each deployment:
 * `npm run rotate:keys`. Ends with 1 when anything failed.
 */
import { createTestPostgres } from "../support/postgres.js";
import { startRedisServer } from "../support/redis-servers.js";
import { rotateUnderLoad } from "../support/rotation-load.js";
import { startServerNodes } from "../support/server-nodes.js";

const LOAD = { rotations: 3, everySeconds: 20, publishAheadSeconds: 15 };

const database = await createTestPostgres();
const redis = await startRedisServer();
try {
  const nodes = await startServerNodes({
    environment: { DATABASE_URL: database.url, REDIS_URL: redis.url },
  });
  try {
    const startedAtMs = performance.now();
    const { done, failures, signers } = await rotateUnderLoad(nodes, LOAD);
    console.log(`${((performance.now() - startedAtMs) / 1000).toFixed(0)} s, two nodes`);
    for (const [what, times] of Object.entries(done)) console.log(`${what}: ${times}`);
    for (const [alg, count] of Object.entries(signers)) console.log(`${alg}: ${count} keys signed`);
    console.log(`failures: ${failures.length}`);
    for (const failure of failures.slice(0, 20)) console.log(failure);
    const isComplete = Object.values(signers).every((count) => count === LOAD.rotations + 1);
    if (failures.length > 0 || !isComplete) process.exitCode = 1;
  } finally {
    await nodes.close();
  }
} finally {
  await redis.stop();
  await database.drop();
}
