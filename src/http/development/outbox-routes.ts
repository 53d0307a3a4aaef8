import type Router from "@koa/router";
import type { Context } from "koa";
import type { MailStore, StoredMail } from "../../mail/mail-store.js";
import type { RenderMail } from "../../mail/render-mail.js";
import type { MailContent, SealedMails } from "../../mail/sealed-mail.js";
import type { Renderer } from "../render.js";

export interface OutboxDeps {
  readonly mailStore: Pick<MailStore, "list" | "find">;
  readonly sealedMails: Pick<SealedMails, "open">;
  readonly renderMail: RenderMail;
  readonly mailFrom: string | undefined;
  readonly render: Renderer["render"];
  readonly basePath: string;
}

const TIME = new Intl.DateTimeFormat("en", {
  dateStyle: "medium",
  timeStyle: "medium",
  timeZone: "UTC",
});

const MAX_LISTED = 50;

/** A mail in its frame: it may style itself, and do nothing else. */
const FRAMED_POLICY =
  "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'";

/** `/development/outbox`: the mail that would have been sent. */
export function addOutboxRoutes(router: Router, deps: OutboxDeps): void {
  const { mailStore, sealedMails, renderMail, render, basePath } = deps;
  const outboxUrl = `${basePath}/development/outbox`;

  router.get("/development/outbox", async (ctx) => {
    const mails = await mailStore.list({ state: "kept", limit: MAX_LISTED });
    const rows = mails.flatMap((mail) => {
      const content = sealedMails.open(mail);
      if (content === undefined) return [];
      return [{ href: `${outboxUrl}/${mail.id}`, ...describe(mail, content) }];
    });
    render(ctx, "development/outbox", { mails: rows });
  });

  router.get("/development/outbox/:id", async (ctx) => {
    const found = await find(ctx);
    if (found === undefined) return;
    const { mail, content } = found;
    const { values } = content;
    render(ctx, "development/outbox-mail", {
      ...describe(mail, content),
      outboxUrl,
      from: deps.mailFrom ?? "MAIL_FROM is not set",
      text: renderMail(content).text,
      htmlUrl: `${outboxUrl}/${mail.id}/html`,
      link: "url" in values ? values.url : (values.keep?.url ?? values.notMeUrl),
    });
    const policy = ctx.response.get("Content-Security-Policy");
    ctx.set("Content-Security-Policy", `${policy}; frame-src 'self'`);
  });

  router.get("/development/outbox/:id/html", async (ctx) => {
    const found = await find(ctx);
    if (found === undefined) return;
    ctx.set("Content-Security-Policy", FRAMED_POLICY);
    ctx.set("X-Frame-Options", "SAMEORIGIN");
    ctx.type = "html";
    ctx.body = renderMail(found.content).html;
  });

  async function find(
    ctx: Context,
  ): Promise<{ mail: StoredMail; content: MailContent } | undefined> {
    const mail = await mailStore.find(String(ctx["params"]["id"]));
    if (mail?.state !== "kept") return undefined;
    const content = sealedMails.open(mail);
    return content === undefined ? undefined : { mail, content };
  }

  function describe(mail: StoredMail, content: MailContent) {
    return {
      subject: renderMail(content).subject,
      to: content.to,
      time: `${TIME.format(mail.requestedAtSeconds * 1000)} UTC`,
    };
  }
}
