import type { Context, Middleware } from "koa";
import { LatchkeyError } from "../lib/errors.js";
import type { Logger } from "../lib/logger.js";
import type { Renderer } from "./render.js";
import { renderTooManyAttempts } from "./too-many-attempts.js";
import { renderOverloaded } from "./render-overloaded.js";

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
      showError(ctx, 404, ["There is no such page", "The address may be old or mistyped."]);
      return;
    }
    ctx.status = 404;
    ctx.body = { error: "not_found", error_description: "there is no such endpoint" };
  }

  function answer(ctx: Context, err: unknown): void {
    const { status, code, message, retryAfterSeconds } = failureOf(ownErrorOf(err));
    const line = { err, requestId: String(ctx.state["requestId"]), path: ctx.path };
    if (status >= 500) logger.error(line, "request failed");
    else logger.warn(line, "request refused");

    if (retryAfterSeconds !== undefined) ctx.set("Retry-After", String(retryAfterSeconds));
    if (!wantsPage(ctx)) {
      ctx.status = status;
      ctx.body = { error: code, error_description: message };
    } else if (status === 429) {
      renderTooManyAttempts(ctx, render);
    } else if (status === 503) {
      renderOverloaded(ctx, retryAfterSeconds, render);
    } else if (status >= 500) {
      showError(ctx, status, ["Something went wrong on our side", RETRY]);
    } else {
      showError(ctx, status, ["This request could not be understood", message]);
    }
  }

  function showError(ctx: Context, status: number, [heading, explanation]: [string, string]): void {
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

const RETRY = "Nothing was lost. Please try again in a moment.";

/** What may be told about an error. */
interface Failure {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly retryAfterSeconds: number | undefined;
}

/** An outage that came through the library is its error, and carries ours as the cause. */
function ownErrorOf(err: unknown): unknown {
  return err instanceof Error && err.cause instanceof LatchkeyError ? err.cause : err;
}

function failureOf(err: unknown): Failure {
  if (err instanceof LatchkeyError) {
    const { status, code, retryAfterSeconds } = err;
    const message = status < 500 ? err.message : "the server could not answer";
    return { status, code, message, retryAfterSeconds };
  }
  if (isExposedHttpError(err)) {
    const { status, message } = err;
    const code = status < 500 ? "invalid_request" : "temporarily_unavailable";
    return { status, code, message, retryAfterSeconds: undefined };
  }
  const message = "the server could not answer";
  return { status: 500, code: "server_error", message, retryAfterSeconds: undefined };
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
