/**
 * Accounts that people make for themselves, in three steps: an address is given, its owner confirms
 * it, and only then is there an account. Owns what is sent and what a code opens; does not know pages.
 */
import { normalizeIdentifier, type AcceptedTerms, type Account } from "./account.js";
import type { AccountMailer } from "./account-mail.js";
import type { AccountStore } from "./account-store.js";
import { checkUsername } from "./account-names.js";
import { generateAccountId, type CreateAccount } from "./create-account.js";
import { IdentifierTakenError } from "./identifier-taken-error.js";
import type { NewPasskey } from "./passkey.js";
import type { PasskeyStore } from "./passkey-store.js";
import type { OneTimeCodes } from "./one-time-codes.js";
import { randomToken } from "../lib/random-token.js";

export interface SignUpDeps {
  readonly accounts: Pick<AccountStore, "findForSignIn">;
  readonly createAccount: CreateAccount;
  readonly passkeys: Pick<PasskeyStore, "createAccount">;
  readonly oneTimeCodes: Pick<OneTimeCodes, "issue" | "redeem" | "find">;
  readonly mailer: Pick<AccountMailer, "send">;
  /** Addresses of our own pages, for mails. */
  readonly urls: {
    readonly confirmSignUp: (token: string) => string;
    readonly signIn: string;
  };
}

export interface SignUpRequest {
  /** Unguessable, of the browser that asks: what is typed there counts for this request alone. */
  readonly id: string;
  readonly email: string;
  readonly language: string;
  /** What whoever confirms gets back. Kept encrypted. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** As typed, or as it came with the link. */
export type SignUpProof =
  | { readonly id: string; readonly code: string }
  | { readonly token: string };

export interface ConfirmedSignUp {
  readonly id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface CompleteSignUp {
  /** Confirmed. */
  readonly email: string;
  /** "" for none. */
  readonly name: string;
  readonly wayIn: { readonly password: string } | { readonly passkey: NewPasskey };
  readonly language: string;
  readonly terms: AcceptedTerms | undefined;
}

export interface SignUp {
  /**
   * Sends a code and a link to an address that nobody has, and word of their account to whoever has
   * it. Costs the same either way, so that neither answer nor time tells which.
   */
  begin(request: SignUpRequest): Promise<void>;
  /** What a link would open, for the page with the button. */
  find(token: string): Promise<ConfirmedSignUp | undefined>;
  /** Of any number of attempts one succeeds. @returns undefined for whatever does not count. */
  confirm(proof: SignUpProof): Promise<ConfirmedSignUp | undefined>;
  /**
   * @returns undefined when somebody has the address by now.
   * @throws InvalidAccountError, PasswordHashingOverloadedError
   */
  complete(given: CompleteSignUp): Promise<Account | undefined>;
}

const PURPOSE = "sign-up";
/** 30 min: long enough for slow mail, short enough that a mailbox read later opens nothing. */
export const SIGN_UP_SECONDS = 1800;
const MINUTES = SIGN_UP_SECONDS / 60;
/** 40 bit: enough to be nobody else's beside the same name. */
const SUFFIX_BYTES = 5;
const MAX_NAME_PART = 40;

export function createSignUp(deps: SignUpDeps): SignUp {
  const { accounts, createAccount, passkeys, oneTimeCodes, mailer, urls } = deps;

  return {
    async begin({ id, email, language, data }) {
      const isTaken = (await accounts.findForSignIn(email)) !== undefined;
      // Of a taken address, too: guessing at it must take as long. Nobody is sent that code.
      const { code, token } = await oneTimeCodes.issue({
        purpose: PURPOSE,
        subject: id,
        data: { isTaken, data },
        lifetimeSeconds: SIGN_UP_SECONDS,
      });
      const url = isTaken ? urls.signIn : urls.confirmSignUp(token);
      const mail = { to: email, language, usefulForSeconds: SIGN_UP_SECONDS };
      await mailer.send(
        isTaken
          ? { ...mail, template: "sign_up_existing", values: { url } }
          : { ...mail, template: "confirm_sign_up", values: { code, url, minutes: MINUTES } },
      );
    },

    async find(token) {
      return toConfirmed(await oneTimeCodes.find({ purpose: PURPOSE, token }));
    },

    async confirm(proof) {
      const presented =
        "token" in proof ? { token: proof.token } : { subject: proof.id, code: proof.code };
      return toConfirmed(await oneTimeCodes.redeem({ purpose: PURPOSE, ...presented }));
    },

    async complete({ email, name, wayIn, language, terms }) {
      const profile = { ...(name === "" ? {} : { name }), locale: language };
      try {
        const account = {
          username: chooseUsername(email),
          email,
          emailVerified: true,
          profile,
          terms,
        };
        if ("password" in wayIn) return await createAccount({ ...account, ...wayIn });
        const without = { id: generateAccountId(), passwordHash: undefined, demonstration: false };
        return await passkeys.createAccount({ ...account, ...without }, wayIn.passkey);
      } catch (err) {
        if (err instanceof IdentifierTakenError) return undefined;
        throw err;
      }
    },
  };
}

function toConfirmed(
  redeemed: { subject: string; data: Readonly<Record<string, unknown>> } | undefined,
): ConfirmedSignUp | undefined {
  if (redeemed === undefined) return undefined;
  const { isTaken, data }: { isTaken?: unknown; data?: unknown } = redeemed.data;
  if (isTaken === true || typeof data !== "object" || data === null) return undefined;
  return { id: redeemed.subject, data: { ...data } };
}

/** The address: nobody has to think of a name, nor remember one. Few addresses are too long for it. */
function chooseUsername(email: string): string {
  if (checkUsername(email, email).length === 0) return email;
  const localPart = normalizeIdentifier(email.split("@")[0] ?? "").slice(0, MAX_NAME_PART);
  return `${localPart}-${randomToken(SUFFIX_BYTES).toLowerCase()}`;
}
