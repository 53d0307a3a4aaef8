/** Writes mails: as text, and as HTML that needs nothing from elsewhere. Owns `views/mail`. */
import { join } from "node:path";
import nunjucks from "nunjucks";
import { negotiateLanguage } from "../language/negotiate-language.js";
import type { Translators } from "../language/translators.js";
import { toMailPage, type MailSender } from "./mail-page.js";
import type { MailContent } from "./sealed-mail.js";
import type { RenderedMail } from "./smtp.js";

export type RenderMail = (content: MailContent) => RenderedMail;

export interface RenderMailDeps {
  /** Holds the folder `mail`. */
  readonly viewsDirectory: string;
  readonly translators: Pick<Translators, "translatorFor">;
  readonly sender: MailSender;
}

/** @throws when a template does not compile or is missing, so that a broken mail stops the start. */
export function createRenderMail(deps: RenderMailDeps): RenderMail {
  const { viewsDirectory, translators, sender } = deps;
  const directory = join(viewsDirectory, "mail");
  const html = compile(directory, "message.html.njk", { autoescape: true });
  const text = compile(directory, "message.text.njk", { autoescape: false });

  return (content) => {
    const language = negotiateLanguage({ chosen: content.language });
    const translate = translators.translatorFor(language);
    const page = toMailPage(content, { language, translate, sender });
    return {
      subject: page.subject,
      language,
      html: html.render(page),
      text: `${text.render(page).trim()}\n`,
    };
  };
}

function compile(directory: string, name: string, { autoescape }: { autoescape: boolean }) {
  const environment = new nunjucks.Environment(
    new nunjucks.FileSystemLoader(directory, { watch: false, noCache: false }),
    { autoescape, throwOnUndefined: true, trimBlocks: true, lstripBlocks: true },
  );
  return environment.getTemplate(name, true);
}
