import type { Context, Middleware } from "koa";
import { LatchkeyError } from "../lib/errors.js";
import type { Logger } from "../lib/logger.js";
import { message } from "../lib/message.js";
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
      showError(ctx, { status: 404, kind: "no-page" });
      return;
    }
    ctx.status = 404;
    ctx.body = { error: "not_found", error_description: "there is no such endpoint" };
  }

  function answer(ctx: Context, err: unknown): void {
    const { status, code, text, retryAfterSeconds } = failureOf(ownErrorOf(err));
    const line = { err, requestId: String(ctx.state["requestId"]), path: ctx.path };
    if (status >= 500) logger.error(line, "request failed");
    else logger.warn(line, "request refused");

    if (retryAfterSeconds !== undefined) ctx.set("Retry-After", String(retryAfterSeconds));
    if (!wantsPage(ctx)) {
      ctx.status = status;
      ctx.body = { error: code, error_description: text };
    } else if (status === 429) {
      renderTooManyAttempts(ctx, render);
    } else if (status === 503) {
      renderOverloaded(ctx, retryAfterSeconds, render);
    } else if (status >= 500) {
      showError(ctx, { status, kind: "server" });
    } else {
      showError(ctx, { status, kind: "request", detail: text });
    }
  }

  function showError(ctx: Context, { status, kind, detail }: Shown): void {
    render(
      ctx,
      "error",
      {
        ...WORDS[kind],
        errorCode: undefined,
        errorDescription: detail,
        requestId: String(ctx.state["requestId"]),
        wayOn: { href: `${basePath}/`, label: message("common.to-start-page") },
      },
      status,
    );
  }
}

const WORDS = {
  "no-page": { heading: message("errors.no-page"), explanation: message("errors.no-page-why") },
  server: { heading: message("errors.server"), explanation: message("errors.server-next") },
  request: { heading: message("errors.request"), explanation: message("errors.request-next") },
};

interface Shown {
  readonly status: number;
  readonly kind: keyof typeof WORDS;
  /** For the developer of whatever sent the request. */
  readonly detail?: string;
}

/** What may be told about an error. */
interface Failure {
  readonly status: number;
  readonly code: string;
  readonly text: string;
  readonly retryAfterSeconds: number | undefined;
}

/** An outage that came through the library is its error, and carries ours as the cause. */
function ownErrorOf(err: unknown): unknown {
  return err instanceof Error && err.cause instanceof LatchkeyError ? err.cause : err;
}

function failureOf(err: unknown): Failure {
  if (err instanceof LatchkeyError) {
    const { status, code, retryAfterSeconds } = err;
    const text = status < 500 ? err.message : "the server could not answer";
    return { status, code, text, retryAfterSeconds };
  }
  if (isExposedHttpError(err)) {
    const { status, message: text } = err;
    const code = status < 500 ? "invalid_request" : "temporarily_unavailable";
    return { status, code, text, retryAfterSeconds: undefined };
  }
  const text = "the server could not answer";
  return { status: 500, code: "server_error", text, retryAfterSeconds: undefined };
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
