import type { Context } from "koa";
import type { SignInResult } from "../accounts/sign-in.js";
import { message, type Message, type Moment } from "../lib/message.js";
import type { Renderer } from "./render.js";

/** What a form says that was refused, and with which status. */
export interface FormRefusal {
  readonly error: Message;
  readonly status: 422 | 429;
}

/** Sets `Retry-After`. @param of what there were too many. */
export function tooManyAttempts(
  ctx: Context,
  retryAfterSeconds: number,
  of: "wrong" | "many" = "wrong",
): FormRefusal {
  ctx.set("Retry-After", String(retryAfterSeconds));
  return {
    error: describeWait(ctx, `limits.${of}-`, retryAfterSeconds),
    status: 429,
  };
}

/** @param otherwise the words when the attempt was looked at. */
export function passwordRefusal(
  ctx: Context,
  result: Extract<SignInResult, { outcome: "refused" }>,
  otherwise: Message,
): FormRefusal {
  return result.retryAfterSeconds === undefined
    ? { error: otherwise, status: 422 }
    : tooManyAttempts(ctx, result.retryAfterSeconds);
}

/** The wait in the largest unit that is not too coarse, rounded up; `at` is when it is over. */
function describeWait(
  ctx: Context,
  prefix: "limits.wrong-" | "limits.many-",
  seconds: number,
): Message {
  const at = overAt(ctx, seconds);
  if (seconds <= 30) return message(`${prefix}second`, { n: seconds, at });
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return message(`${prefix}minute`, { n: minutes, at });
  return message(`${prefix}hour`, { n: Math.ceil(seconds / 3600), at });
}

/** When a wait is over that begins with this request. */
export function overAt(ctx: Context, seconds: number): Moment {
  const overAtSeconds = Math.ceil(Number(ctx.state["receivedAtMs"]) / 1000) + seconds;
  // A page shows minutes: not one before the wait is over.
  return { atSeconds: Math.ceil(overAtSeconds / 60) * 60, show: "time" };
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
  const wait = describeWait(ctx, "limits.many-", retryAfterSeconds);
  render(ctx, "too-many-attempts", { wait, retryUrl }, 429);
}
