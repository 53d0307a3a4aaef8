import type { Context } from "koa";
import type { SignInResult } from "../accounts/sign-in.js";
import type { Renderer } from "./render.js";

/** What a form says that was refused, and with which status. */
export interface FormRefusal {
  readonly error: string;
  readonly status: 422 | 429;
}

/** Sets `Retry-After`. */
export function tooManyAttempts(ctx: Context, retryAfterSeconds: number): FormRefusal {
  ctx.set("Retry-After", String(retryAfterSeconds));
  return {
    error: `There were too many wrong attempts. Wait ${describeWait(retryAfterSeconds)}, then try again.`,
    status: 429,
  };
}

/** @param otherwise the words when the attempt was looked at. */
export function passwordRefusal(
  ctx: Context,
  result: Extract<SignInResult, { outcome: "refused" }>,
  otherwise: string,
): FormRefusal {
  return result.retryAfterSeconds === undefined
    ? { error: otherwise, status: 422 }
    : tooManyAttempts(ctx, result.retryAfterSeconds);
}

function describeWait(seconds: number): string {
  if (seconds <= 30) return seconds === 1 ? "1 second" : `${seconds} seconds`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return minutes === 1 ? "1 minute" : `${minutes} minutes`;
  const hours = Math.ceil(seconds / 3600);
  return hours === 1 ? "1 hour" : `${hours} hours`;
}

/** 60 s: for limits that do not say how long they last. */
const DEFAULT_RETRY_SECONDS = 60;

/**
 * Status 429, with what `Retry-After` of the answer says.
 *
 * @param retryUrl where to begin anew, safe to open with GET; of a GET itself unless told.
 */
export function renderTooManyAttempts(
  ctx: Context,
  render: Renderer["render"],
  retryUrl = ctx.method === "GET" ? ctx.originalUrl : undefined,
): void {
  const retryAfterSeconds = Number(ctx.response.get("Retry-After")) || DEFAULT_RETRY_SECONDS;
  render(ctx, "too-many-attempts", { retryAfterSeconds, retryUrl }, 429);
}
