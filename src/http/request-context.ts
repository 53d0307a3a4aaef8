import { randomBytes } from "node:crypto";
import type { Middleware } from "koa";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";

/**
 * Gives each request an id, which its log lines, its error page and its answer carry, and logs one
 * line for it. Only the path is logged: query strings hold codes and hints.
 */
export function createRequestContext(logger: Logger, clock: Clock): Middleware {
  return async (ctx, next) => {
    const startedAtMs = clock.nowMs();
    const requestId = randomBytes(8).toString("hex");
    ctx.state["requestId"] = requestId;
    ctx.set("X-Request-Id", requestId);
    ctx.res.once("close", () => {
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
    await next();
  };
}
