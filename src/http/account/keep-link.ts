import type Router from "@koa/router";
import type { Context } from "koa";
import type { KeepByLink } from "../../accounts/keep-by-link.js";
import { message } from "../../lib/message.js";
import { createJourneyGuard } from "../journey-guard.js";
import type { AccountDeps } from "./account-deps.js";
import { LEAVING_PATH } from "./leaving.js";

export interface KeepLinkDeps extends AccountDeps {
  readonly keepByLink: KeepByLink;
}

const FORM = "keep-link";
const PATH = `${LEAVING_PATH}/link`;

/** `/account/deletion/link`: what the link in the mail about a deletion opens, signed in or not. */
export function addKeepLink(router: Router, deps: KeepLinkDeps): void {
  const { keepByLink, formGuard, render, basePath } = deps;
  const journeyGuard = createJourneyGuard(deps);
  const ways = [{ href: `${basePath}/account/security`, label: message("email.open-account") }];

  router.get(PATH, async (ctx) => {
    ctx.set("Referrer-Policy", "no-referrer");
    const token = String(ctx.query["token"]);
    const found = await keepByLink.find(token);
    if (found === undefined) return refuse(ctx);
    const date = { atSeconds: found.dueAtSeconds, show: "date-time" } as const;
    render(ctx, "follow-link", {
      heading: message("deletion.link-heading"),
      explanation: message("deletion.link-explanation", {
        username: found.account.username,
        date,
      }),
      action: basePath + PATH,
      csrfToken: formGuard.issue(ctx, FORM),
      token,
      label: message("deletion.keep"),
      aside: message("deletion.link-aside"),
    });
  });

  router.post(
    PATH,
    journeyGuard(
      () => FORM,
      async (ctx, fields) => {
        if ((await keepByLink.keep(fields["token"] ?? "")) === undefined) return refuse(ctx);
        ctx.status = 303;
        ctx.redirect(`${basePath}${LEAVING_PATH}/kept`);
      },
    ),
  );

  router.get(`${LEAVING_PATH}/kept`, (ctx) =>
    render(ctx, "journey-ended", {
      heading: message("deletion.link-done-heading"),
      explanation: message("deletion.kept"),
      ways,
    }),
  );

  const refuse = (ctx: Context) =>
    render(
      ctx,
      "journey-ended",
      {
        heading: message("email.ended-heading"),
        explanation: message("deletion.link-ended"),
        ways,
      },
      410,
    );
}
