import type { Context } from "koa";

/** The provider's id, the parameter `:provider` of the routes that have one. */
export function providerOf(ctx: Context): string {
  const { provider }: { provider?: unknown } = ctx["params"];
  return String(provider);
}
