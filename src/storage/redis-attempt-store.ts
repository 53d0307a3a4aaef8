import type { AttemptBucket, AttemptOutcome, AttemptStore } from "../accounts/attempt-store.js";
import type { RedisConnection } from "./open-redis.js";
import { prepareScripts } from "./redis-scripts.js";
import { reportRedisOutages } from "./report-redis-outages.js";

/**
 * Counters in `attempt:<subject>`: a hash with a field for each source, of what it counted, until when
 * that was forgiven, how long it is blocked and when it ends. The time is Redis's own. A command that
 * is sent again after a lost reply counts twice, which nobody is harmed by.
 */
const SCRIPTS = {
  /** Sources. The longest wait. */
  latchkeyFindWait: `
local now = tonumber(redis.call('TIME')[1])
local wait = 0
for _, value in ipairs(redis.call('HMGET', KEYS[1], unpack(ARGV))) do
  local until_ = value and tonumber(string.match(value, '^%d+ %d+ (%d+)'))
  if until_ and until_ - now > wait then wait = until_ - now end
end
return wait`,

  /** Source, seconds for which one is forgiven, steps. Whether it is counted, and the wait. */
  latchkeyCountAttempt: `
local now = tonumber(redis.call('TIME')[1])
local forgive = tonumber(ARGV[2])
local value = redis.call('HGET', KEYS[1], ARGV[1])
local failures, since, blocked, ends = 0, now, 0, 0
if value then
  failures, since, blocked, ends = string.match(value, '^(%d+) (%d+) (%d+) (%d+)$')
  failures, since, blocked, ends = tonumber(failures), tonumber(since), tonumber(blocked), tonumber(ends)
  if ends <= now then failures, since, blocked = 0, now, 0 end
end
if blocked > now then return {0, blocked - now} end
local forgiven = math.max(0, math.floor((now - since) / forgive))
local remaining = math.max(0, failures - forgiven)
failures = remaining + 1
since = remaining == 0 and now or since + forgiven * forgive
local wait, until_when = 0, 0
for i = 3, #ARGV, 2 do
  if failures >= tonumber(ARGV[i]) then wait = tonumber(ARGV[i + 1]) end
end
if wait > 0 then until_when = now + wait end
ends = math.max(now + wait, since + failures * forgive)
local known = redis.call('HLEN', KEYS[1])
if not value and known > 0 and known % 64 == 0 then
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    local until_ = tonumber(string.match(all[i + 1], '(%d+)$'))
    if until_ <= now then redis.call('HDEL', KEYS[1], all[i]) end
  end
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d %d %d %d', failures, since, until_when, ends))
if ends - now > redis.call('TTL', KEYS[1]) then redis.call('EXPIRE', KEYS[1], ends - now) end
return {1, wait}`,

  /** Source, the failures of the first step. */
  latchkeyTakeBackAttempt: `
local value = redis.call('HGET', KEYS[1], ARGV[1])
if not value then return 0 end
local failures, since, blocked, ends = string.match(value, '^(%d+) (%d+) (%d+) (%d+)$')
failures = math.max(0, tonumber(failures) - 1)
if failures < tonumber(ARGV[2]) then blocked = 0 end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d %d %d %d', failures, since, blocked, ends))
return 1`,
};

export function createRedisAttemptStore({
  client,
  keyPrefix,
}: Pick<RedisConnection, "client" | "keyPrefix">): AttemptStore {
  const run = prepareScripts(client, SCRIPTS);
  const keyOf = (subject: string) => `${keyPrefix}:attempt:${subject}`;

  /** Round trips are shared; one script over all keys could not be: in a Cluster they lie apart. */
  async function findWait(buckets: readonly AttemptBucket[]): Promise<number> {
    const bySubject = Map.groupBy(buckets, ({ subject }) => subject);
    const waits = await Promise.all(
      Array.from(bySubject, ([subject, of]) =>
        run(
          "latchkeyFindWait",
          keyOf(subject),
          of.map(({ source }) => source),
        ),
      ),
    );
    return Math.max(0, ...waits.map(Number));
  }

  async function count({ subject, source, rule }: AttemptBucket) {
    const steps = rule.steps.flatMap(({ failures, waitSeconds }) => [failures, waitSeconds]);
    const args = [source, ...[rule.forgiveSeconds, ...steps].map(String)];
    const answer = await run("latchkeyCountAttempt", keyOf(subject), args);
    const [isCounted, waitSeconds = 0] = Array.isArray(answer) ? answer.map(Number) : [];
    return { isCounted: isCounted === 1, waitSeconds };
  }

  async function settle({ forget = [], takeBack = [] }: AttemptOutcome): Promise<void> {
    await Promise.all([
      ...forget.map(({ subject, source }) => client.hdel(keyOf(subject), source)),
      ...takeBack.map(({ subject, source, rule }) => {
        const first = rule.steps[0]?.failures ?? 0;
        return run("latchkeyTakeBackAttempt", keyOf(subject), [source, String(first)]);
      }),
    ]);
  }

  return reportRedisOutages<AttemptStore>({
    async countAll(buckets) {
      // First of all without counting: what is refused changes nothing.
      const left = await findWait(buckets);
      if (left > 0) return { isCounted: false, waitSeconds: left };
      const counts = await Promise.all(buckets.map(count));
      const refused = counts.filter(({ isCounted }) => !isCounted);
      const waits = counts.map(({ waitSeconds }) => waitSeconds);
      if (refused.length === 0) return { isCounted: true, waits };
      // Somebody else at the same time.
      await settle({ takeBack: buckets.filter((_, index) => counts[index]?.isCounted) });
      return { isCounted: false, waitSeconds: Math.max(...refused.map((one) => one.waitSeconds)) };
    },

    settle,
    findWait,

    async forget(subject) {
      await client.del(keyOf(subject));
    },
  });
}
