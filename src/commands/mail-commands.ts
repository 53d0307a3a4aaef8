import type { App } from "../app.js";
import { LatchkeyError } from "../lib/errors.js";
import type { StoredMail } from "../mail/mail-store.js";
import { formatTable, formatTime, type CommandResult } from "./command.js";

type Mails = Pick<App, "mailStore" | "sealedMails">;

/** More than fits a screen. */
const MAX_LISTED = 100;
/** 1 h: whoever asks for it looks whether it arrives. */
const RETRIED_FOR_SECONDS = 3_600;

export async function listMail(
  { mailStore, sealedMails }: Mails,
  { failed }: { readonly failed: boolean },
): Promise<CommandResult> {
  const mails = await mailStore.list({
    ...(failed ? { state: "failed" as const } : {}),
    limit: MAX_LISTED,
  });
  const described = mails.map((mail) => ({ mail, to: sealedMails.open(mail)?.to }));
  const rows = described.map(({ mail, to }) => [
    mail.id,
    mail.template,
    to ?? "(sealed under another SECRET_KEY)",
    mail.state,
    formatTime(mail.requestedAtSeconds),
    String(mail.failures),
    describeNext(mail),
  ]);
  const header = ["ID", "MAIL", "TO", "STATE", "REQUESTED", "FAILURES", "WHAT NEXT, OR WHY"];
  const table = formatTable(header, rows);
  const isCut = mails.length === MAX_LISTED;
  return {
    text: isCut ? `${table}\nOnly the newest ${MAX_LISTED} are shown.` : table,
    data: described.map(({ mail, to }) => describe(mail, to)),
  };
}

export async function retryMail({ mailStore }: Mails, id: string): Promise<CommandResult> {
  if (!(await mailStore.restart(id, RETRIED_FOR_SECONDS))) {
    const message = `There is no mail "${id}" to deliver again: it is unknown, delivered, or being delivered right now.`;
    throw new LatchkeyError("not_found", message, { status: 404 });
  }
  return { text: `The mail "${id}" is delivered again at once.`, data: { id } };
}

function describe(mail: StoredMail, to: string | undefined): Record<string, unknown> {
  return {
    id: mail.id,
    template: mail.template,
    to: to ?? null,
    account_id: mail.accountId ?? null,
    state: mail.state,
    failures: mail.failures,
    reason: mail.reason ?? null,
    requested_at: mail.requestedAtSeconds,
    useful_until: mail.usefulUntilSeconds,
    due_at: mail.dueAtSeconds ?? null,
  };
}

function describeNext({ state, reason, dueAtSeconds }: StoredMail): string {
  if (state === "failed") return reason ?? "";
  if (state === "kept") return "never sent: there is no SMTP_URL";
  const next = `due ${formatTime(dueAtSeconds)}`;
  return reason === undefined ? next : `${next}: ${reason}`;
}
