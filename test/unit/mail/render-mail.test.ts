import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { LANGUAGES, LANGUAGE_TAGS } from "../../../src/language/languages.js";
import { createTranslators } from "../../../src/language/translators.js";
import { createRenderMail } from "../../../src/mail/render-mail.js";
import { MAIL_SAMPLES, MAIL_TEMPLATES } from "../../support/mail-samples.js";

const viewsDirectory = fileURLToPath(new URL("../../../../views", import.meta.url));
const renderMail = createRenderMail({
  viewsDirectory,
  translators: createTranslators({ directory: `${viewsDirectory}/messages` }),
  sender: { service: "Example & Co", host: "login.example.com" },
});

const render = (template: (typeof MAIL_TEMPLATES)[number], language = "en") =>
  renderMail({
    to: "ada@example.org",
    language,
    template,
    values: MAIL_SAMPLES[template],
  });

describe("renderMail", () => {
  for (const language of LANGUAGE_TAGS) {
    it(`writes every mail in ${language}: the service in the subject, the link and code in both parts`, () => {
      for (const template of MAIL_TEMPLATES) {
        const { subject, text, html } = render(template, language);
        const values = MAIL_SAMPLES[template];
        expect(subject, template).to.include("Example & Co");
        expect(subject).not.to.match(/[\r\n]/);
        expect(html).to.include(`lang="${language}" dir="${LANGUAGES[language].direction}"`);
        const url = "url" in values ? values.url : values.notMeUrl;
        for (const part of [text, html]) {
          if (url !== undefined) expect(part, template).to.include(url);
          if ("code" in values) expect(part, template).to.include("0471 0815");
          expect(part).not.to.match(/undefined|\[object/);
        }
      }
    });
  }

  it("writes HTML that needs nothing from elsewhere and runs nothing", () => {
    for (const template of MAIL_TEMPLATES) {
      const { html } = render(template);
      expect(html).not.to.match(
        /<(?:img|script|link|iframe|form|base)\b|url\(|@import|javascript:/i,
      );
    }
  });

  it("leaves markup in names inert, and shows it in the text as it is", () => {
    const { html, text } = render("passkey_removed");
    expect(html).to.include("&lt;b&gt;Ada&lt;/b&gt; &amp; Co");
    expect(text).to.include("<b>Ada</b> & Co");
  });

  it("takes the nearest language, and English for what it does not know", () => {
    expect(render("reset_password", "de-AT").language).to.equal("de");
    expect(render("reset_password", "tlh").language).to.equal("en");
  });

  it("reads well as text", () => {
    expect(render("reset_password").text).to.equal(
      [
        "Choose a new password for Example & Co",
        "",
        "Somebody, most likely you, asked for a new password for your account at Example & Co.",
        "",
        "Enter this code where you were asked for it:",
        "",
        "    0471 0815",
        "",
        "Or open this page and continue there, on any device:",
        "",
        "https://login.example.com/account/email/confirm?token=q5wUzV1mJ0sF6xLk2dQe8bTnYh3cRg7aPi4oMu9vEtA",
        "",
        "The code and the link can be used once, within 30 minutes.",
        "",
        "If you did not ask for this, you can ignore this mail. Do not give the code to anyone, whoever asks for it.",
        "",
        "-- ",
        "This mail was sent automatically because this address was entered at Example & Co (login.example.com).",
        "",
      ].join("\n"),
    );
  });
});
