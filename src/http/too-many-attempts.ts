import type { Context } from "koa";
import type { SignInResult } from "../accounts/sign-in.js";

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
  if (seconds < 60) return seconds === 1 ? "1 second" : `${seconds} seconds`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return minutes === 1 ? "1 minute" : `${minutes} minutes`;
  const hours = Math.ceil(seconds / 3600);
  return hours === 1 ? "1 hour" : `${hours} hours`;
}
