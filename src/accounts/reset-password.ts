/**
 * A new password for who has forgotten theirs, by way of their mail. Owns what is sent and what a
 * code opens; does not know pages, and signs nobody in (ASVS 5.0 6.4.3).
 */
import { createHash } from "node:crypto";
import type { Clock } from "../lib/clock.js";
import {
  maySignIn,
  normalizeIdentifier,
  toAccountId,
  type Account,
  type AccountId,
} from "./account.js";
import type { AccountMailer } from "./account-mail.js";
import type { AccountStore } from "./account-store.js";
import type { SetPassword } from "./create-account.js";
import type { OneTimeCodes, RedeemedCode } from "./one-time-codes.js";

export interface ResetPasswordDeps {
  readonly accounts: Pick<AccountStore, "find" | "findForSignIn">;
  readonly setPassword: SetPassword;
  readonly oneTimeCodes: Pick<OneTimeCodes, "issue" | "redeem" | "find">;
  readonly mailer: AccountMailer;
  /** Tells the owner of the account. */
  readonly notify: (account: Account) => Promise<void>;
  readonly resetUrl: (token: string) => string;
  readonly clock: Clock;
}

export interface ResetRequest {
  /** User name or address, as typed. */
  readonly identifier: string;
  readonly language: string;
  /** What whoever confirms gets back. Kept encrypted. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** As typed, or as it came with the link. */
export type ResetProof =
  | { readonly subject: string; readonly code: string }
  | { readonly token: string };

export interface ConfirmedReset {
  readonly accountId: AccountId;
  /** Lets `finish` set a password, once. */
  readonly proof: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What came of it; `proof` counts after a refusal, in place of the one that was given. */
export type FinishedReset =
  | { readonly outcome: "set"; readonly account: Account }
  | { readonly outcome: "refused"; readonly error: unknown; readonly proof: string }
  | { readonly outcome: "gone" };

export interface ResetPassword {
  /**
   * Sends a code and a link to the owner, if there is an account that can sign in and has an address.
   * Costs the same either way. What was sent before counts no more.
   *
   * @returns whose code is to be typed; looks the same for everybody.
   */
  begin(request: ResetRequest): Promise<string>;
  /** What a link would open, for the page with the button. */
  find(token: string): Promise<Account | undefined>;
  /** Of any number of attempts one succeeds. @returns undefined for whatever does not count. */
  confirm(proof: ResetProof): Promise<ConfirmedReset | undefined>;
  /** Sets the password and ends all that the account has open. Of any number of calls one does. */
  finish(confirmed: Pick<ConfirmedReset, "proof">, password: string): Promise<FinishedReset>;
}

export const RESET_PURPOSE = "password-reset";
/** 30 min from the request to the new password. */
const RESET_SECONDS = 1800;

export function createResetPassword(deps: ResetPasswordDeps): ResetPassword {
  const { accounts, setPassword, oneTimeCodes, mailer, clock } = deps;

  /** Undefined when nobody can be reset by it (any more). */
  async function accountOf(code: RedeemedCode | undefined): Promise<Account | undefined> {
    if (code === undefined || code.data["isDecoy"] === true) return undefined;
    const account = await accounts.find(toAccountId(code.subject));
    return account !== undefined && maySignIn(account) ? account : undefined;
  }

  /** The next step's, for the rest of the time. */
  async function issueProof({ subject, data }: RedeemedCode): Promise<string | undefined> {
    const lifetimeSeconds = Number(data["untilSeconds"]) - clock.nowSeconds();
    if (!(lifetimeSeconds > 0)) return undefined;
    return (await oneTimeCodes.issue({ purpose: RESET_PURPOSE, subject, data, lifetimeSeconds }))
      .token;
  }

  return {
    async begin({ identifier, language, data }) {
      const found = (await accounts.findForSignIn(identifier))?.account;
      const account =
        found !== undefined && maySignIn(found) && found.email !== undefined ? found : undefined;
      const subject = account?.id ?? decoySubject(identifier);
      const { code, token } = await oneTimeCodes.issue({
        purpose: RESET_PURPOSE,
        subject,
        data: {
          isDecoy: account === undefined,
          untilSeconds: clock.nowSeconds() + RESET_SECONDS,
          data,
        },
        lifetimeSeconds: RESET_SECONDS,
      });
      const mail = {
        to: account?.email ?? identifier,
        language,
        template: "reset_password",
        values: { code, url: deps.resetUrl(token), minutes: RESET_SECONDS / 60 },
        usefulForSeconds: RESET_SECONDS,
        isUnhurried: true,
      } as const;
      await (account === undefined ? mailer.sendNothing(mail) : mailer.send(mail));
      return subject;
    },

    find: async (token) => accountOf(await oneTimeCodes.find({ purpose: RESET_PURPOSE, token })),

    async confirm(presented) {
      const redeemed = await oneTimeCodes.redeem({ purpose: RESET_PURPOSE, ...presented });
      const account = await accountOf(redeemed);
      if (redeemed === undefined || account === undefined) return undefined;
      const proof = await issueProof(redeemed);
      if (proof === undefined) return undefined;
      return { accountId: account.id, proof, data: dataOf(redeemed) };
    },

    async finish({ proof }, password) {
      const redeemed = await oneTimeCodes.redeem({ purpose: RESET_PURPOSE, token: proof });
      const account = await accountOf(redeemed);
      if (redeemed === undefined || account === undefined) return { outcome: "gone" };
      try {
        await setPassword(account.id, password);
      } catch (error) {
        // Nothing was set, so that it can be tried with another.
        const next = await issueProof(redeemed);
        return next === undefined
          ? { outcome: "gone" }
          : { outcome: "refused", error, proof: next };
      }
      await deps.notify(account);
      return { outcome: "set", account };
    },
  };
}

function dataOf({ data }: RedeemedCode): Readonly<Record<string, unknown>> {
  const own = data["data"];
  return typeof own === "object" && own !== null ? { ...own } : {};
}

/** The same for the same name, as an account's is: asking twice must take as long, too. */
function decoySubject(identifier: string): AccountId {
  const digest = createHash("sha256").update(normalizeIdentifier(identifier)).digest("base64url");
  return toAccountId(`acct_${digest.slice(0, 22)}`);
}
