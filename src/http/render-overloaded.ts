import type { Context } from "koa";
import type { Renderer } from "./render.js";

/** 5 s: for an outage that does not say how long it lasts. */
const DEFAULT_RETRY_SECONDS = 5;

/** Status 503: the same request may succeed a little later. Only a GET is offered to be repeated. */
export function renderOverloaded(
  ctx: Context,
  retryAfterSeconds: number | undefined,
  render: Renderer["render"],
): void {
  const retryUrl = ctx.method === "GET" ? ctx.originalUrl : undefined;
  const data = { retryAfterSeconds: retryAfterSeconds ?? DEFAULT_RETRY_SECONDS, retryUrl };
  render(ctx, "overloaded", data, 503);
}
