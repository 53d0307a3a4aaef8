import type { Context } from "koa";

/** The interaction's id, the parameter `:uid` of the routes that have one. */
export function uidOf(ctx: Context): string {
  const { uid }: { uid?: unknown } = ctx["params"];
  return String(uid);
}
