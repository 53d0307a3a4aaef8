import { randomUUID } from "node:crypto";
import type { Middleware } from "koa";
import type { Clock } from "../lib/clock.js";
import { runInRequest } from "../lib/current-request.js";
import type { Logger } from "../lib/logger.js";

/**
 * Gives each request an id, which its log lines, its error page and its answer carry, and logs one
 * line for it. Only the path is logged: query strings hold codes and hints.
 */
export function createRequestContext(logger: Logger, clock: Clock): Middleware {
  return (ctx, next) => {
    const startedAtMs = clock.nowMs();
    const requestId = createRequestId();
    ctx.state["requestId"] = requestId;
    ctx.state["receivedAtMs"] = startedAtMs;
    ctx.res.setHeader("X-Request-Id", requestId);
    ctx.res.on("close", () => {
      const { method, path, status, ip } = ctx;
      const durationMs = clock.nowMs() - startedAtMs;
      const line = { requestId, method, path, status, durationMs, ip };
      const quiet = path.startsWith("/health/") || path.startsWith("/assets/");
      try {
        logger[quiet ? "debug" : "info"](line, "request");
      } catch (err) {
        // Nobody awaits this listener: what it throws would end the process.
        process.emitWarning("the line of a request is lost", { detail: String(err) });
      }
    });
    const describe = () => ({ ip: ctx.ip, userAgent: ctx.get("User-Agent") });
    return runInRequest(describe, next);
  };
}

/** 64 random bits in hexadecimal, of a UUID: Node.js makes those in advance, many at once. */
function createRequestId(): string {
  const uuid = randomUUID();
  return uuid.slice(0, 8) + uuid.slice(-8);
}
