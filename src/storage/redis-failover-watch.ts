import { Redis } from "ioredis";
import { startHeartbeat } from "./redis-heartbeat.js";
import { sentinelOptions } from "./redis-options.js";
import type { RedisTarget } from "./redis-url.js";

/** Published by a sentinel when it learns of another master: "<name> <old ip> <port> <new ip> <port>". */
const CHANNEL = "+switch-master";

/**
 * Makes the client ask for the master again as soon as a sentinel tells of another.
 *
 * Sentinels leave a master that they replaced and that still runs as it is for about ten seconds; it
 * goes on acknowledging what will then be lost.
 *
 * @returns what stops it.
 */
export function watchFailovers(client: Redis, target: RedisTarget): () => void {
  const stops = target.nodes.map((node) => {
    const sentinel = new Redis({ ...sentinelOptions(target), ...node });
    // The others tell as well, and the client itself finds out in the end.
    sentinel.on("error", () => {});
    sentinel.on("message", (_channel, message) => {
      if (message.split(" ")[0] === target.masterName) client.disconnect(true);
    });
    // Kept, and made again with each connection, until it succeeds.
    sentinel.subscribe(CHANNEL).catch(() => {});
    const stopHeartbeat = startHeartbeat(sentinel);
    return () => {
      stopHeartbeat();
      sentinel.disconnect();
    };
  });
  return () => {
    for (const stop of stops) stop();
  };
}
