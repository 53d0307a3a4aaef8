import type Router from "@koa/router";
import type { Context } from "koa";
import { normalizeIdentifier } from "../../accounts/account.js";
import { message } from "../../lib/message.js";
import type { HeldSession } from "../../oidc/browser-accounts.js";
import type { AccountActs } from "./account-acts.js";
import type { AccountDeps, AccountForm } from "./account-deps.js";
import { ACCOUNT_PAGES, type createFrame } from "./account-frame.js";
import type { FieldProblem } from "./field-problem.js";
import type { AccountGuard } from "./guard.js";
import type { Notices } from "./notice.js";
import { addDeletionPages, DELETION_NOTE } from "./deletion-pages.js";

export interface DataPageDeps extends AccountDeps {
  readonly guard: AccountGuard;
  readonly frame: ReturnType<typeof createFrame>;
  readonly acts: AccountActs;
  readonly notices: Notices;
}

const DELETE_PATH = "/account/data/delete";

/** `/account/data`: takes along all that is kept of the person, or has it deleted. */
export function addDataPage(router: Router, deps: DataPageDeps): void {
  const { browserAccounts, guard, frame, acts, notices, render, audit, basePath } = deps;
  const { path } = ACCOUNT_PAGES.data;
  const graceDays = Math.round(deps.settings.deletionGraceSeconds / 86_400);

  router.get(path, async (ctx) => {
    const current = await browserAccounts.findCurrent(ctx);
    if (current === undefined) return guard.toSignIn(ctx, "data");
    render(ctx, "account/data", {
      ...(await frame(ctx, current, { page: "data" })),
      exportAction: `${basePath}${path}/export`,
      deleteUrl: basePath + DELETE_PATH,
      graceDays,
    });
  });

  router.post(
    `${path}/export`,
    guard.signedIn(async (ctx, { current }) => {
      if (!(await acts.requireFresh(ctx, current, "data"))) return;
      const { id: accountId, username } = current.account;
      const exported = await deps.exportAccount(accountId);
      tell(ctx, "account.exported", accountId);
      ctx.set("Cache-Control", "no-store");
      ctx.attachment(`${username.replaceAll(/[^\w.-]/g, "_")}.json`);
      ctx.type = "json";
      ctx.body = `${JSON.stringify(exported, undefined, 2)}\n`;
    }),
  );

  router.get(DELETE_PATH, async (ctx) => {
    const current = await browserAccounts.findCurrent(ctx);
    if (current === undefined) return guard.toSignIn(ctx, "data");
    if (!(await acts.requireFresh(ctx, current, "delete"))) return;
    return ask(ctx, current);
  });

  router.post(DELETE_PATH, guard.signedIn(deleteAccount));

  async function deleteAccount(ctx: Context, { current, fields }: AccountForm): Promise<void> {
    if (!(await acts.requireFresh(ctx, current, "delete"))) return;
    const { id, username } = current.account;
    const typed = fields["username"] ?? "";
    if (normalizeIdentifier(typed) !== normalizeIdentifier(username)) {
      return ask(ctx, current, {
        typed,
        problems: [{ field: "username", text: message("deletion.mistyped", { username }) }],
      });
    }
    const dueAtSeconds = await deps.deleteAccount.request(id, { by: "account" });
    browserAccounts.forgetCurrent(ctx);
    notices.leave(
      ctx,
      DELETION_NOTE,
      graceDays === 0 || dueAtSeconds === undefined
        ? message("deletion.under-way")
        : message("deletion.requested", { date: { atSeconds: dueAtSeconds, show: "date" } }),
    );
    ctx.status = 303;
    ctx.redirect(`${basePath}/account/deletion/requested`);
  }

  async function ask(
    ctx: Context,
    current: HeldSession,
    { typed, problems }: { typed: string; problems: readonly FieldProblem[] } = {
      typed: "",
      problems: [],
    },
  ): Promise<void> {
    const data = {
      ...(await frame(ctx, current, { page: "data", heading: "deletion.ask-heading" })),
      action: basePath + DELETE_PATH,
      cancelUrl: basePath + path,
      username: current.account.username,
      graceDays,
      typed,
      problems,
    };
    render(ctx, "account/delete", data, problems.length > 0 ? 422 : 200);
  }

  function tell(ctx: Context, event: "account.exported", accountId: string): void {
    const requestId = String(ctx.state["requestId"]);
    audit({ event, outcome: "success", accountId, ip: ctx.ip, requestId, by: "account" });
  }

  addDeletionPages(router, deps);
}
