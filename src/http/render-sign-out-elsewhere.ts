import type { Context } from "koa";
import type { SignOutElsewherePage } from "../oidc/provider-pages.js";
import type { Renderer } from "./render.js";

/** A page and no redirect: browsers hold `form-action` against all redirects after a form. */
export function renderSignOutElsewhere(
  ctx: Context,
  page: SignOutElsewherePage,
  render: Renderer["render"],
): void {
  ctx.set("Refresh", `0; url=${page.url}`);
  render(ctx, "sign-out-elsewhere", page);
}
