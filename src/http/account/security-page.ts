import type Router from "@koa/router";
import type { Context } from "koa";
import type { AccountDeps } from "./account-deps.js";
import { ACCOUNT_PAGES, type createFrame } from "./account-frame.js";
import type { AccountGuard } from "./guard.js";
import { createSecuritySections } from "./security-sections.js";

export interface SecurityPageDeps extends AccountDeps {
  readonly guard: AccountGuard;
  readonly frame: ReturnType<typeof createFrame>;
}

/** `/account/security`: what needs attention, then every way in. The account begins here. */
export function addSecurityPage(router: Router, deps: SecurityPageDeps): void {
  const { browserAccounts, guard, frame, render, basePath } = deps;
  const sections = createSecuritySections(deps);

  router.get(ACCOUNT_PAGES.security.path, async (ctx) => {
    const current = await browserAccounts.findCurrent(ctx);
    if (current === undefined) return guard.toSignIn(ctx, "security");
    const described = await Promise.all(sections.map((describe) => describe(current)));
    render(ctx, "account/security", {
      ...(await frame(ctx, current, { page: "security" })),
      sections: described.flatMap((section) => section ?? []),
    });
  });

  router.get("/account", lead);
  // Bookmarked before the page had this name.
  router.get("/account/ways", lead);

  function lead(ctx: Context): void {
    ctx.status = 303;
    ctx.redirect(basePath + ACCOUNT_PAGES.security.path);
  }
}
