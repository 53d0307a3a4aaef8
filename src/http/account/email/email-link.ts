import type Router from "@koa/router";
import type { Context } from "koa";
import type { ChangeEmail } from "../../../accounts/change-email.js";
import { message } from "../../../lib/message.js";
import { createJourneyGuard } from "../../journey-guard.js";
import type { AccountDeps } from "../account-deps.js";
import { auditEmail } from "./audit-email.js";
import { linkEnded } from "./link-ended.js";

export interface EmailLinkDeps extends AccountDeps {
  readonly changeEmail: ChangeEmail;
}

const LINK_FORM = "email-link";

/** `/account/email/confirm`: what the link in the mail opens, on any device, signed in or not. */
export function addEmailLink(router: Router, deps: EmailLinkDeps): void {
  const { changeEmail, formGuard, render, basePath } = deps;
  const journeyGuard = createJourneyGuard(deps);
  const accountUrl = `${basePath}/account/security`;

  router.get("/account/email/confirm", async (ctx) => {
    ctx.set("Referrer-Policy", "no-referrer");
    const token = String(ctx.query["token"]);
    const found = await changeEmail.find(token);
    if (found === undefined) return refuse(ctx);
    render(ctx, "follow-link", {
      heading: message("email.link-heading"),
      explanation: message("email.link-explanation", namesOf(found)),
      action: `${basePath}/account/email/confirm`,
      csrfToken: formGuard.issue(ctx, LINK_FORM),
      token,
      label: message("email.link-confirm"),
    });
  });

  router.post(
    "/account/email/confirm",
    journeyGuard(
      () => LINK_FORM,
      async (ctx, fields) => {
        const confirmed = await changeEmail.confirm({ token: fields["token"] ?? "" });
        auditEmail(deps.audit, ctx, { accountId: confirmed?.account.id, confirmed });
        if (confirmed === undefined) return refuse(ctx);
        ctx.status = 303;
        ctx.redirect(`${basePath}/account/email/confirmed`);
      },
    ),
  );

  router.get("/account/email/confirmed", (ctx) =>
    render(ctx, "journey-ended", {
      heading: message("email.link-done-heading"),
      explanation: message("email.link-done"),
      ways: [{ href: accountUrl, label: message("email.open-account") }],
    }),
  );

  function namesOf({ account, email }: NonNullable<Awaited<ReturnType<ChangeEmail["find"]>>>) {
    return { email, username: account.username };
  }

  const refuse = (ctx: Context) => render(ctx, "journey-ended", linkEnded(accountUrl), 410);
}
