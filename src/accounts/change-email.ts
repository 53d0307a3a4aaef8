/**
 * The address of an account: another one, or the same confirmed. It becomes the account's when whoever
 * reads mail to it has said so; whoever had the one before can take the change back for some days.
 */
import { normalizeIdentifier, toAccountId, type Account } from "./account.js";
import type { AccountMailer } from "./account-mail.js";
import type { AccountStore } from "./account-store.js";
import { IdentifierTakenError } from "./identifier-taken-error.js";
import { RESET_PURPOSE } from "./reset-password.js";
import type { OneTimeCodes, RedeemedCode } from "./one-time-codes.js";

export interface ChangeEmailDeps {
  readonly accounts: Pick<AccountStore, "find" | "findForSignIn" | "replaceEmail">;
  readonly oneTimeCodes: Pick<
    OneTimeCodes,
    "issue" | "issueUnlessPending" | "redeem" | "find" | "cancel"
  >;
  readonly mailer: AccountMailer;
  readonly urls: {
    readonly confirm: (token: string) => string;
    readonly undo: (token: string) => string;
    readonly account: string;
  };
  /** Tells whoever reads mail to `to`. */
  readonly notifyFormer: (
    account: Account,
    former: { readonly to: string; readonly undoUrl: string | undefined },
  ) => Promise<void>;
}

export interface EmailRequest {
  readonly account: Account;
  /** As `isEmailAddress` says. */
  readonly email: string;
  readonly language: string;
}

/** As typed by who is signed in, or as it came with the link. */
export type EmailProof = { readonly accountId: string; readonly code: string } | { token: string };

export interface ConfirmedEmail {
  /** As it was before. */
  readonly account: Account;
  readonly email: string;
}

export interface ChangeEmail {
  /**
   * Sends a code and a link to the address, or word to whoever has it already. Whoever asks learns
   * nothing of which. What was sent before counts no more.
   */
  begin(request: EmailRequest): Promise<void>;
  /** What a link would do, for the page with the button. */
  find(token: string): Promise<ConfirmedEmail | undefined>;
  /** Of any number of attempts one succeeds. @returns undefined for whatever does not count. */
  confirm(proof: EmailProof): Promise<ConfirmedEmail | undefined>;
}

export const CONFIRM_EMAIL_PURPOSE = "confirm-email";
/** Of the link by which whoever had the address before takes it back. */
export const UNDO_EMAIL_PURPOSE = "undo-email";
/** 30 min. */
const CONFIRM_SECONDS = 1_800;
/** 7 days, in which an address that is changed once more changes nothing about who may take it back. */
const UNDO_SECONDS = 7 * 86_400;

export function createChangeEmail(deps: ChangeEmailDeps): ChangeEmail {
  const { accounts, oneTimeCodes, mailer, urls } = deps;

  /** Undefined when it can be done no more, or never could. */
  async function toChange(code: RedeemedCode | undefined): Promise<ConfirmedEmail | undefined> {
    if (code === undefined || code.data["isTaken"] === true) return undefined;
    const account = await accounts.find(toAccountId(code.subject));
    const { from, to } = code.data;
    if (account === undefined || account.disabled || typeof to !== "string") return undefined;
    return (account.email ?? null) === from ? { account, email: to } : undefined;
  }

  async function apply({ account, email }: ConfirmedEmail): Promise<boolean> {
    try {
      return await accounts.replaceEmail(account.id, { from: account.email, to: email });
    } catch (err) {
      // Somebody else has confirmed it meanwhile.
      if (err instanceof IdentifierTakenError) return false;
      throw err;
    }
  }

  async function tellFormer({ account, email }: ConfirmedEmail): Promise<void> {
    const { id, email: former, emailVerified } = account;
    if (former === undefined || !emailVerified || isSame(former, email)) return;
    const undo = await oneTimeCodes.issueUnlessPending({
      purpose: UNDO_EMAIL_PURPOSE,
      subject: id,
      data: { accountId: id, kind: "email_changed", email: former },
      lifetimeSeconds: UNDO_SECONDS,
    });
    const undoUrl = undo === undefined ? undefined : urls.undo(undo.token);
    await deps.notifyFormer(account, { to: former, undoUrl });
  }

  return {
    async begin({ account, email, language }) {
      const holder = (await accounts.findForSignIn(email))?.account;
      const isTaken = holder !== undefined && holder.id !== account.id;
      const { code, token } = await oneTimeCodes.issue({
        purpose: CONFIRM_EMAIL_PURPOSE,
        subject: account.id,
        data: { from: account.email ?? null, to: email, isTaken },
        lifetimeSeconds: CONFIRM_SECONDS,
      });
      const mail = { to: email, usefulForSeconds: CONFIRM_SECONDS };
      if (isTaken) {
        await mailer.send({
          ...mail,
          language: holder.profile.locale ?? language,
          template: "address_in_use",
          values: { url: urls.account },
        });
        return;
      }
      await mailer.send({
        ...mail,
        language: account.profile.locale ?? language,
        template: "confirm_address",
        values: { code, url: urls.confirm(token), minutes: CONFIRM_SECONDS / 60 },
      });
    },

    find: async (token) =>
      toChange(await oneTimeCodes.find({ purpose: CONFIRM_EMAIL_PURPOSE, token })),

    async confirm(proof) {
      const redeemed = await oneTimeCodes.redeem(
        "token" in proof
          ? { purpose: CONFIRM_EMAIL_PURPOSE, token: proof.token }
          : { purpose: CONFIRM_EMAIL_PURPOSE, subject: proof.accountId, code: proof.code },
      );
      const change = await toChange(redeemed);
      if (change === undefined || !(await apply(change))) return undefined;
      // What lies in the mailbox of before opens nothing any more.
      await oneTimeCodes.cancel({ purpose: RESET_PURPOSE, subject: change.account.id });
      await tellFormer(change);
      return change;
    },
  };
}

function isSame(one: string, other: string): boolean {
  return normalizeIdentifier(one) === normalizeIdentifier(other);
}
