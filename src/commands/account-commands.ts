import type { App } from "../app.js";
import { normalizeIdentifier, type Account, type AccountId } from "../accounts/account.js";
import { formatTable, notFound, type CommandResult } from "./command.js";

type Accounts = Pick<
  App,
  | "accounts"
  | "createAccount"
  | "inviteAccount"
  | "setDisabled"
  | "setPassword"
  | "audit"
  | "notify"
>;

export interface CreateAccountOptions {
  readonly username: string;
  readonly email: string | undefined;
  readonly emailVerified: boolean;
  readonly name: string | undefined;
  readonly password: string;
}

export async function createAccount(
  app: Accounts,
  options: CreateAccountOptions,
): Promise<CommandResult> {
  const { name, ...rest } = options;
  const account = await app.createAccount({ ...rest, profile: name === undefined ? {} : { name } });
  app.audit({ event: "account.created", outcome: "success", accountId: account.id });
  return {
    text: `Created the account "${account.username}" (${account.id}).`,
    data: describe(account),
  };
}

export interface InviteAccountOptions {
  readonly email: string;
  readonly name: string | undefined;
  readonly days: number;
}

const DAY_SECONDS = 24 * 3600;

export async function inviteAccount(
  app: Accounts,
  { email, name, days }: InviteAccountOptions,
): Promise<CommandResult> {
  const account = await app.inviteAccount({
    email,
    profile: name === undefined ? {} : { name },
    validSeconds: days * DAY_SECONDS,
  });
  app.audit({ event: "account.invited", outcome: "success", accountId: account.id });
  return {
    text:
      `The account "${account.username}" (${account.id}) waits ${days} days for the person whom ` +
      "a provider knows by this address.",
    data: { ...describe(account), invited_days: days },
  };
}

export async function listAccounts(app: Accounts): Promise<CommandResult> {
  const accounts = await allPages<Account, AccountId>(
    (after) => app.accounts.list(page(after)),
    ({ id }) => id,
  );
  const rows = accounts.map(({ id, username, email, disabled }) => [
    id,
    username,
    email ?? "",
    disabled ? "disabled" : "active",
  ]);
  return {
    text: formatTable(["ID", "USER NAME", "E-MAIL", "STATUS"], rows),
    data: accounts.map(describe),
  };
}

export async function setDisabled(
  app: Accounts,
  username: string,
  disabled: boolean,
): Promise<CommandResult> {
  const account = await requireAccount(app, username);
  await app.setDisabled(account.id, disabled);
  const action = disabled ? "disabled" : "enabled";
  app.audit({ event: "account.changed", outcome: "success", accountId: account.id, action });
  if (disabled) await app.notify(account.id, "account_disabled");
  return {
    text: `The account "${account.username}" is ${action}.`,
    data: { ...describe(account), disabled },
  };
}

export async function setPassword(
  app: Accounts,
  username: string,
  password: string,
): Promise<CommandResult> {
  const account = await requireAccount(app, username);
  await app.setPassword(account.id, password);
  const action = "set-password";
  app.audit({ event: "account.changed", outcome: "success", accountId: account.id, action });
  await app.notify(account.id, "password_changed");
  return { text: `The account "${account.username}" has a new password.`, data: describe(account) };
}

/** Whoever waits because of failed attempts, their own or a stranger's, may try again at once. */
export async function unlockAccount(
  app: Pick<App, "accounts" | "attempts" | "audit">,
  name: string,
): Promise<CommandResult> {
  const account = await requireAccount(app, name);
  const { id: accountId, username, email } = account;
  const names = [username, ...(email === undefined ? [] : [email])].map(normalizeIdentifier);
  await app.attempts.forget([accountId, ...names]);
  app.audit({ event: "account.changed", outcome: "success", accountId, action: "unlocked" });
  return {
    text: `The failed attempts at the account "${username}" are forgotten.`,
    data: describe(account),
  };
}

/** The very document that people get on their pages. */
export async function exportAccount(
  app: Pick<App, "accounts" | "exportAccount" | "audit">,
  username: string,
): Promise<CommandResult> {
  const { id } = await requireAccount(app, username);
  const data = await app.exportAccount(id);
  app.audit({ event: "account.exported", outcome: "success", accountId: id, by: "administrator" });
  return { text: JSON.stringify(data, undefined, 2), data };
}

export async function deleteAccount(
  app: Pick<App, "accounts" | "deleteAccount">,
  username: string,
  { atOnce }: { readonly atOnce: boolean },
): Promise<CommandResult> {
  const account = await requireAccount(app, username);
  const due = await app.deleteAccount.request(account.id, { by: "administrator", atOnce });
  if (due === undefined) throw notFound("account", username);
  const time = new Date(due * 1000).toISOString();
  return {
    text:
      `The account "${account.username}" (${account.id}) is signed out everywhere, and a server ` +
      (atOnce
        ? "deletes it now."
        : `deletes it after ${time}. Until then, "latchkey account keep" takes that back.`),
    data: { ...describe(account), disabled: true, deletion_due_at: due },
  };
}

export async function keepAccount(
  app: Pick<App, "accounts" | "deleteAccount">,
  username: string,
): Promise<CommandResult> {
  const account = await requireAccount(app, username);
  const isKept = await app.deleteAccount.keep(account.id, "administrator");
  return {
    text: isKept
      ? `The account "${account.username}" stays.`
      : `The account "${account.username}" is not to be deleted, or it is too late to keep it.`,
    data: { ...describe(account), kept: isKept },
  };
}

export async function requireAccount(
  app: Pick<App, "accounts">,
  username: string,
): Promise<Account> {
  const found = await app.accounts.findForSignIn(username);
  if (found === undefined) throw notFound("account", username);
  return found.account;
}

function describe({ id, username, email, emailVerified, disabled, createdAtSeconds }: Account) {
  return {
    id,
    username,
    email: email ?? null,
    email_verified: emailVerified,
    disabled,
    created_at: createdAtSeconds,
  };
}

const PAGE_SIZE = 500;

function page<Id>(after: Id | undefined): { after?: Id; limit: number } {
  return after === undefined ? { limit: PAGE_SIZE } : { after, limit: PAGE_SIZE };
}

/** Reads page after page until one is not full. */
export async function allPages<Item, Id>(
  read: (after: Id | undefined) => Promise<Item[]>,
  idOf: (item: Item) => Id,
): Promise<Item[]> {
  const items: Item[] = [];
  for (;;) {
    const last = items.at(-1);
    const next = await read(last === undefined ? undefined : idOf(last));
    items.push(...next);
    if (next.length < PAGE_SIZE) return items;
  }
}
