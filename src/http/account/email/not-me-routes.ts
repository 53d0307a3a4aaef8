import type Router from "@koa/router";
import type { Context } from "koa";
import type { DisownedAct, NotMe } from "../../../accounts/not-me.js";
import { message, type Message } from "../../../lib/message.js";
import { createJourneyGuard } from "../../journey-guard.js";
import type { AccountDeps } from "../account-deps.js";
import { linkEnded } from "./link-ended.js";

export interface NotMeRoutesDeps extends AccountDeps {
  readonly notMe: NotMe;
}

const FORM = "not-me";

/** `/account/not-me`: for who was told of something that they did not do, signed in or not. */
export function addNotMeRoutes(router: Router, deps: NotMeRoutesDeps): void {
  const { notMe, formGuard, render, audit, basePath } = deps;
  const journeyGuard = createJourneyGuard(deps);
  const accountUrl = `${basePath}/account/security`;

  router.get("/account/not-me", async (ctx) => {
    ctx.set("Referrer-Policy", "no-referrer");
    const token = String(ctx.query["token"]);
    const act = await notMe.find(token);
    if (act === undefined) return refuse(ctx);
    render(ctx, "account/not-me", {
      action: `${basePath}/account/not-me`,
      csrfToken: formGuard.issue(ctx, FORM),
      token,
      username: act.account.username,
      what: message(`mail.subject-${act.kind.replaceAll("_", "-")}`, {
        service: new URL(deps.issuer).host,
      }),
      email: act.email,
      isDeletion: act.isDeletion,
    });
  });

  router.post(
    "/account/not-me",
    journeyGuard(
      () => FORM,
      async (ctx, fields) => {
        const act = await notMe.disown(fields["token"] ?? "");
        if (act === undefined) return refuse(ctx);
        tell(ctx, act);
        ctx.status = 303;
        ctx.redirect(`${basePath}/account/not-me/${outcomeOf(act)}`);
      },
    ),
  );

  router.get("/account/not-me/done", (ctx) => showDone(ctx, message("not-me.done")));
  router.get("/account/not-me/undone", (ctx) => showDone(ctx, message("not-me.done-email")));
  router.get("/account/not-me/kept", (ctx) => showDone(ctx, message("not-me.done-deletion")));

  function showDone(ctx: Context, explanation: Message): void {
    render(ctx, "journey-ended", {
      heading: message("not-me.done-heading"),
      explanation,
      ways: [
        { href: `${basePath}/reset`, label: message("not-me.reset") },
        { href: accountUrl, label: message("email.open-account") },
      ],
    });
  }

  function tell(ctx: Context, { account, kind, email }: DisownedAct): void {
    const entry = {
      outcome: "success",
      accountId: account.id,
      ip: ctx.ip,
      requestId: String(ctx.state["requestId"]),
    } as const;
    audit({ ...entry, event: "account.disowned", kind });
    if (email === undefined) return;
    audit({ ...entry, event: "account.changed", action: "restore-email", by: "account" });
  }

  const refuse = (ctx: Context) => render(ctx, "journey-ended", linkEnded(accountUrl), 410);
}

function outcomeOf({ email, isDeletion }: DisownedAct): "done" | "undone" | "kept" {
  if (isDeletion) return "kept";
  return email === undefined ? "done" : "undone";
}
