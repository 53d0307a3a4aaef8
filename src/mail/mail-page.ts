import { LANGUAGES, type Language } from "../language/languages.js";
import type { Translate } from "../language/translators.js";
import type { MessageValue } from "../lib/message.js";
import {
  isNoticeKind,
  type CodeValues,
  type LinkValues,
  type NoticeValues,
} from "./mail-templates.js";
import type { MailContent } from "./sealed-mail.js";

/** A mail in words: what `views/mail` shows, from top to bottom. */
export interface MailPage extends MailBody {
  readonly language: Language;
  readonly direction: "ltr" | "rtl";
  readonly service: string;
  /** Also its heading. */
  readonly subject: string;
  readonly text: string;
  readonly footer: string;
}

interface MailBody {
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  readonly code: { readonly lead: string; readonly value: string } | undefined;
  /** The first one is the one that most people want. */
  readonly actions: readonly MailAction[];
  readonly after: readonly string[];
}

interface MailAction {
  readonly lead: string | undefined;
  readonly label: string;
  readonly url: string;
}

export interface MailSender {
  /** What people know this service by. */
  readonly service: string;
  /** Of the issuer. */
  readonly host: string;
}

export interface MailWords {
  readonly language: Language;
  readonly translate: Translate;
  readonly sender: MailSender;
}

export function toMailPage({ template, values }: MailContent, words: MailWords): MailPage {
  const { language, translate, sender } = words;
  const name = template.replaceAll("_", "-");
  const isNotice = isNoticeKind(template);
  return {
    language,
    direction: LANGUAGES[language].direction,
    service: sender.service,
    subject: translate(`mail.subject-${name}`, { ...sender }),
    text: translate(`mail.text-${name}`, { ...sender }),
    footer: translate(isNotice ? "mail.footer-account" : "mail.footer-address", { ...sender }),
    ...bodyOf(values, name, translate),
  };
}

function bodyOf(values: MailContent["values"], name: string, translate: Translate): MailBody {
  if ("atSeconds" in values) return noticeBody(values, name, translate);
  const label = translate(`mail.action-${name}`);
  return "code" in values ? codeBody(values, label, translate) : linkBody(values, label);
}

function codeBody({ code, url, minutes }: CodeValues, label: string, translate: Translate) {
  return {
    facts: [],
    code: { lead: translate("mail.code-text"), value: formatCode(code) },
    actions: [{ lead: translate("mail.link-text"), label, url }],
    after: [translate("mail.valid-for", { minutes }), translate("mail.ignore")],
  };
}

function linkBody({ url }: LinkValues, label: string): MailBody {
  return { facts: [], code: undefined, actions: [{ lead: undefined, label, url }], after: [] };
}

function noticeBody(values: NoticeValues, name: string, translate: Translate): MailBody {
  const { atSeconds, device, place, keep } = values;
  const told: readonly (readonly [key: string, value: MessageValue | undefined])[] = [
    ["mail.fact-name", values.name],
    ["mail.fact-when", { atSeconds, show: "date-time" }],
    ["mail.fact-due", keep && { atSeconds: keep.untilSeconds, show: "date-time" }],
    ["mail.fact-device", device],
    ["mail.fact-place", place],
  ];
  return {
    facts: told.flatMap(([key, value]) =>
      value === undefined
        ? []
        : [{ label: translate(key), value: translate("mail.fact", { value }) }],
    ),
    code: undefined,
    actions: actionsOf(values, name, translate),
    after: [],
  };
}

function actionsOf({ keep, notMeUrl }: NoticeValues, name: string, translate: Translate) {
  const { lead, label } = wayBackOf(name);
  return [
    ...(keep === undefined
      ? []
      : [{ lead: "mail.keep-text", label: "mail.keep-action", url: keep.url }]),
    ...(notMeUrl === undefined ? [] : [{ lead, label, url: notMeUrl }]),
  ].map((each) => ({ ...each, lead: translate(each.lead), label: translate(each.label) }));
}

/** Who gets it at a former address takes the change back; everybody else protects the account. */
function wayBackOf(name: string): { readonly lead: string; readonly label: string } {
  if (name === "email-changed") return { lead: "mail.undo-text", label: "mail.undo-action" };
  const lead = name === "deletion-requested" ? "mail.not-me-deletion-text" : "mail.not-me-text";
  return { lead, label: "mail.not-me-action" };
}

/** In two groups of four, which are easier to carry over. */
function formatCode(code: string): string {
  return code.replace(/^(\d{4})(\d{4})$/, "$1 $2");
}
