import { isLoopback } from "./find-address-violation.js";
import type { Setting } from "./setting.js";
import { oneOf, textThat } from "./setting-types.js";

const smtpUrl = textThat((text) => {
  const url = URL.parse(text);
  if (url === null || !["smtp:", "smtps:"].includes(url.protocol) || url.hostname === "") {
    return "start with smtp:// or smtps:// and name a host; encode special characters of the password, such as %40 for @";
  }
  if (!/^\/?$/.test(url.pathname) || url.search !== "" || url.hash !== "") {
    return "end with the host or port";
  }
  return isDecodable(url.username + url.password)
    ? undefined
    : "encode special characters of the user name and password, such as %25 for %";
});

/** `login@example.com`, or with a name that people see. */
const mailFrom = textThat((text) =>
  /^(?:[^<>"\p{Cc}]{1,100} <[^\s<>@"]+@[^\s<>@"]+>|[^\s<>@"]+@[^\s<>@"]+)$/u.test(text)
    ? undefined
    : "be an e-mail address, or a name followed by one in angle brackets",
);

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** How people are written to. */
export const mailSettings = {
  SMTP_URL: {
    group: "Mail",
    meaning:
      "The server that mail is handed to ([how](operations.md#mail)). Without it, development keeps mail for `/development/outbox`, and in production everything that needs mail is off.",
    type: smtpUrl,
    defaultNote: "none",
    example: "smtp://latchkey:password@smtp.example.com:587",
    constraints: "`smtp://user:password@host:port` (STARTTLS) or `smtps://…` (TLS from the start)",
    secret: true,
  },
  SMTP_TLS: {
    group: "Mail",
    meaning:
      "Whether the server behind an `smtp://` URL must offer STARTTLS (`required`), or mail is sent in the clear to one that does not (`offered`).",
    type: oneOf(["required", "offered"]),
    defaultNote: "`required`; `offered` when the host of `SMTP_URL` is loopback",
    example: "required",
    constraints: "required or offered",
  },
  MAIL_FROM: {
    group: "Mail",
    meaning:
      "Who mail is from. The name before the address is also what mail calls this service; without one, that is the host of `ISSUER`.",
    type: mailFrom,
    defaultNote: "none; required with `SMTP_URL`",
    example: "Example <login@example.com>",
    constraints: "an address, or a name and an address in angle brackets",
  },
} satisfies Record<string, Setting>;

interface MailValues {
  readonly SMTP_URL: string | undefined;
  readonly SMTP_TLS: "required" | "offered" | undefined;
  readonly MAIL_FROM: string | undefined;
}

/** Undefined: mail is not sent. */
export function toSmtp({ SMTP_URL: url, SMTP_TLS: tls, MAIL_FROM: from }: MailValues) {
  if (url === undefined || from === undefined) return undefined;
  return { url, from, tls: tls ?? (isLoopback(new URL(url).hostname) ? "offered" : "required") };
}
