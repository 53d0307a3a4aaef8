/** What whoever was told of something that they did not do can do about it, by the link in that mail. */
import { toAccountId, type Account, type AccountId } from "./account.js";
import type { AccountStore } from "./account-store.js";
import { CONFIRM_EMAIL_PURPOSE, UNDO_EMAIL_PURPOSE } from "./change-email.js";
import type { DeleteAccount, DeletionNotice } from "./delete-account.js";
import { IdentifierTakenError } from "./identifier-taken-error.js";
import { RESET_PURPOSE } from "./reset-password.js";
import type { OneTimeCodes, RedeemedCode } from "./one-time-codes.js";

export interface NotMeDeps {
  readonly accounts: Pick<AccountStore, "find" | "replaceEmail">;
  readonly oneTimeCodes: Pick<OneTimeCodes, "find" | "redeem" | "cancel">;
  readonly deleteAccount: Pick<DeleteAccount, "keep">;
  /** Ends the sessions, grants and tokens of an account. */
  readonly endAccess: (id: AccountId) => Promise<unknown>;
}

/** What a link is about. */
export interface DisownedAct {
  readonly account: Account;
  readonly kind: string;
  /** The address that the account had before, and gets back; undefined: none, or not any more. */
  readonly email: string | undefined;
  /** It is about the deletion of the account, which is still to come: the account stays. */
  readonly isDeletion: boolean;
}

export interface NotMe {
  /** For the page with the button. */
  find(token: string): Promise<DisownedAct | undefined>;
  /** Ends all that the account has open, once. @returns undefined for a link that does not count. */
  disown(token: string): Promise<DisownedAct | undefined>;
}

export const NOT_ME_PURPOSE = "not-me";
const DELETION: DeletionNotice = "deletion_requested";
const PURPOSES = [NOT_ME_PURPOSE, UNDO_EMAIL_PURPOSE];

export function createNotMe(deps: NotMeDeps): NotMe {
  const { accounts, oneTimeCodes, deleteAccount, endAccess } = deps;

  async function find(token: string): Promise<DisownedAct | undefined> {
    for (const purpose of PURPOSES) {
      const act = await toAct(await oneTimeCodes.find({ purpose, token }));
      if (act !== undefined) return act;
    }
    return undefined;
  }

  async function toAct(code: RedeemedCode | undefined): Promise<DisownedAct | undefined> {
    if (code === undefined) return undefined;
    const { accountId, kind, email } = code.data;
    const account = await accounts.find(toAccountId(String(accountId)));
    if (account === undefined) return undefined;
    return {
      account,
      kind: String(kind),
      email: typeof email === "string" ? email : undefined,
      isDeletion: kind === DELETION && account.deletionDueAtSeconds !== undefined,
    };
  }

  /** Whatever it was changed to since. @returns whether the account has it now. */
  async function restoreEmail({ account, email }: DisownedAct): Promise<boolean> {
    if (email === undefined || email === account.email) return email !== undefined;
    try {
      return await accounts.replaceEmail(account.id, { from: account.email, to: email });
    } catch (err) {
      // Another account has confirmed it since: it stays theirs, and all else is done.
      if (err instanceof IdentifierTakenError) return false;
      throw err;
    }
  }

  return {
    find,
    async disown(token) {
      const act = await find(token);
      if (act === undefined) return undefined;
      // What may be done twice comes first: a link that a failure has used up would help nobody.
      for (const purpose of [CONFIRM_EMAIL_PURPOSE, RESET_PURPOSE]) {
        await oneTimeCodes.cancel({ purpose, subject: act.account.id });
      }
      const hasEmail = await restoreEmail(act);
      if (act.isDeletion) await deleteAccount.keep(act.account.id, "account");
      await endAccess(act.account.id);
      await Promise.all(PURPOSES.map((purpose) => oneTimeCodes.redeem({ purpose, token })));
      return hasEmail ? act : { ...act, email: undefined };
    },
  };
}
