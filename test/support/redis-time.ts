import { Cluster, type Redis } from "ioredis";

/**
 * Lets time pass for the keys that begin with `prefix`, as far as Redis can tell: what remains of
 * their lifetimes gets shorter, and times in sorted sets move into the past. Nobody has to wait.
 */
export async function advanceRedis(
  client: Redis | Cluster,
  prefix: string,
  seconds: number,
): Promise<void> {
  const nodes = client instanceof Cluster ? client.nodes("master") : [client];
  await Promise.all(
    nodes.map(async (node) => {
      for await (const keys of node.scanStream({ match: `${prefix}:*`, count: 500 })) {
        const batch = keys as string[];
        await Promise.all(batch.map((key) => node.eval(ADVANCE, 1, key, seconds * 1000)));
      }
    }),
  );
}

const ADVANCE = `
local left = redis.call('PTTL', KEYS[1])
local ms = tonumber(ARGV[1])
if redis.call('TYPE', KEYS[1]).ok == 'zset' then
  local members = redis.call('ZRANGE', KEYS[1], 0, -1)
  for _, member in ipairs(members) do redis.call('ZINCRBY', KEYS[1], -ms, member) end
end
if left >= 0 then
  if left <= ms then redis.call('DEL', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], left - ms) end
end`;
