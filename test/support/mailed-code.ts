import type { ReceivedMail } from "./mail-server.js";

/** As a person reads it: the code as it is written, and the link that the button of the mail has. */
export function readMailedCode({ text, html }: ReceivedMail): { code: string; url: string } {
  const code = /\b\d{4} \d{4}\b/.exec(text)?.[0];
  const url = /https?:\/\/[^\s"<>]+token=[\w-]{43}/.exec(text)?.[0];
  if (code === undefined || url === undefined) throw new Error(`no code or link in: ${text}`);
  if (!html.includes(url) || !html.includes(code)) throw new Error("the HTML says something else");
  return { code, url };
}

/** Of the first button of a mail that has no code. */
export function readMailedLink({ text, html }: ReceivedMail): string {
  const link = /https?:\/\/[^\s"<>]+token=[\w-]{43}/.exec(text)?.[0];
  if (link === undefined || !html.includes(link)) throw new Error(`no link in: ${text}`);
  return link;
}
