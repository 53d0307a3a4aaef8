import type { Context, Middleware } from "koa";
import { LatchkeyError } from "../lib/errors.js";
import type { Logger } from "../lib/logger.js";
import type { Renderer } from "./render.js";

export interface ErrorBoundaryDeps {
  readonly render: Renderer["render"];
  readonly logger: Logger;
  readonly basePath: string;
}

/**
 * The last place that an error reaches, and the only one besides the library that answers with one.
 * People get a page, programs an OAuth error object; neither gets a stack or a cause.
 */
export function createErrorBoundary({ render, logger, basePath }: ErrorBoundaryDeps): Middleware {
  return async (ctx, next) => {
    try {
      await next();
      if (ctx.status === 404 && ctx.body === undefined) notFound(ctx);
    } catch (err) {
      answer(ctx, err);
    }
  };

  function notFound(ctx: Context): void {
    if (wantsPage(ctx)) {
      showError(ctx, 404, "There is no such page", "The address may be old or mistyped.");
      return;
    }
    ctx.status = 404;
    ctx.body = { error: "not_found", error_description: "there is no such endpoint" };
  }

  function answer(ctx: Context, err: unknown): void {
    const requestId: unknown = ctx.state["requestId"];
    const known = err instanceof LatchkeyError || isExposedHttpError(err);
    const status = known ? err.status : 500;
    if (status >= 500) logger.error({ err, requestId, path: ctx.path }, "request failed");
    else logger.warn({ err, requestId, path: ctx.path }, "request refused");

    const retryAfterSeconds = err instanceof LatchkeyError ? err.retryAfterSeconds : undefined;
    if (retryAfterSeconds !== undefined) ctx.set("Retry-After", String(retryAfterSeconds));

    if (!wantsPage(ctx)) {
      ctx.status = status;
      ctx.body = {
        error: err instanceof LatchkeyError ? err.code : status < 500 ? "invalid_request" : "server_error",
        error_description: known && status < 500 ? err.message : "the server could not answer",
      };
    } else if (status === 503) {
      render(ctx, "overloaded", { retryAfterSeconds: retryAfterSeconds ?? 5 }, 503);
    } else if (status >= 500) {
      showError(ctx, status, "Something went wrong on our side", "Nothing was lost. Please try again in a moment.");
    } else {
      showError(ctx, status, "This request could not be understood", known ? err.message : "");
    }
  }

  function showError(ctx: Context, status: number, heading: string, explanation: string): void {
    render(
      ctx,
      "error",
      {
        heading,
        explanation,
        errorCode: undefined,
        errorDescription: undefined,
        requestId: String(ctx.state["requestId"]),
        wayOn: { href: `${basePath}/`, label: "Go to the start page" },
      },
      status,
    );
  }
}

function wantsPage(ctx: Context): boolean {
  return ctx.accepts("json", "html") === "html";
}

/** Errors of Koa and its body parser that are the caller's fault. */
function isExposedHttpError(err: unknown): err is Error & { status: number } {
  return (
    err instanceof Error &&
    "expose" in err &&
    err.expose === true &&
    "status" in err &&
    typeof err.status === "number"
  );
}
