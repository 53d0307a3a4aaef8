import { TLSSocket } from "node:tls";
import type { Redis } from "ioredis";

const TICK_MS = 500;
/** Unanswered for 1 to 1.5 s: soon enough to send again over another connection in its time. */
const MAX_TICKS_UNANSWERED = 2;
/** With nothing under way for 2 s, Redis is asked for a sign of life. */
const TICKS_BETWEEN_PINGS = 4;

/**
 * Finds a peer that fell silent (a half-open connection, a stopped process) in less than 4 s, idle or
 * at work, and resets the connection, so that the library makes another.
 *
 * TCP alone takes minutes, and sees nothing wrong with a process that does not run. The reset also
 * discards what lies unsent in the operating system, which would otherwise arrive, late, once the
 * way is free.
 *
 * @returns what stops it.
 */
export function startHeartbeat(redis: Redis): () => void {
  let oldest: unknown;
  let ticks = 0;
  const tick = () => {
    const isConnected = redis.status === "ready" || redis.status === "connect";
    const current = isConnected ? redis.commandQueue.peekFront() : undefined;
    ticks = current === oldest ? ticks + 1 : 0;
    oldest = current;
    if (current !== undefined && ticks >= MAX_TICKS_UNANSWERED) {
      ticks = 0;
      resetConnection(redis);
    } else if (redis.status === "ready" && current === undefined && ticks >= TICKS_BETWEEN_PINGS) {
      ticks = 0;
      // Its failure is seen as silence, and reported by the events of the connection.
      redis.ping().catch(() => {});
    }
  };
  const timer = setInterval(tick, TICK_MS).unref();
  const stop = () => clearInterval(timer);
  redis.once("end", stop);
  return stop;
}

function resetConnection({ stream }: Redis): void {
  // Node can't reset a connection below TLS.
  if (stream instanceof TLSSocket) stream.destroy();
  else stream.resetAndDestroy();
}
