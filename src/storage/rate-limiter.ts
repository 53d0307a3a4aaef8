import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import type { CreateRateLimiter } from "../lib/rate-limiter.js";
import type { RedisConnection } from "./open-redis.js";

/** @param redis undefined: each process counts for itself. */
export function createRateLimiters(
  redis: Pick<RedisConnection, "client" | "keyPrefix"> | undefined,
): CreateRateLimiter {
  return ({ name, times: points, windowSeconds: duration }) => {
    const inMemory = new RateLimiterMemory({ points, duration });
    const limiter =
      redis === undefined
        ? inMemory
        : new RateLimiterRedis({
            storeClient: redis.client,
            keyPrefix: `${redis.keyPrefix}:limit:${name}`,
            points,
            duration,
            // Whoever is refused stays so without asking Redis.
            inMemoryBlockOnConsumed: points + 1,
            insuranceLimiter: inMemory,
          });
    return {
      async count(key) {
        try {
          await limiter.consume(key);
          return undefined;
        } catch (err) {
          // What it throws when there was too much.
          if (!(err instanceof RateLimiterRes)) throw err;
          return Math.max(1, Math.ceil(err.msBeforeNext / 1000));
        }
      },
    };
  };
}
