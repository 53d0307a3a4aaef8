/**
 * Passkeys between a page and the use cases: asks for one, and takes what comes back. Every page that
 * takes a passkey has both from here. Owns challenges, RP ID and origin; does not know what follows.
 */
import type { Context } from "koa";
import type { Account, AccountId } from "../../accounts/account.js";
import {
  readNewPasskey,
  type EnrolPasskey,
  type EnrolPasskeyResult,
  type ReadPasskeyResult,
} from "../../accounts/enrol-passkey.js";
import { USER_HANDLE_BYTES, type Passkey } from "../../accounts/passkey.js";
import {
  passkeyCreationOptions,
  passkeyRequestOptions,
  passkeyUser,
} from "../../accounts/passkey-options.js";
import type { PasskeySignIn, PasskeySignInResult } from "../../accounts/passkey-sign-in.js";
import type { PasskeyStore } from "../../accounts/passkey-store.js";
import type { Audit } from "../../lib/audit.js";
import { randomToken } from "../../lib/random-token.js";
import { PHISHING_RESISTANT_ACR } from "../../oidc/authentication-context.js";
import type { Authentication } from "../../oidc/browser-accounts.js";
import type { LimitAttempts } from "../limit-attempts.js";
import { nameDevice } from "../account/describe-device.js";
import { createPasskeyChallenges, type PasskeyChallengesDeps } from "./passkey-challenges.js";
import type { PasskeyPrompt } from "./passkey-prompt.js";

/** Where a page asks for a passkey. */
export interface AskedAt {
  /** For which step of which page: what is signed for one counts for no other. */
  readonly purpose: string;
  /** Where the form posts to. */
  readonly action: string;
}

/** What its form posted. */
export interface PostedAt {
  readonly purpose: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Somebody who is to prove to be this account; undefined: whoever has a passkey. */
interface Person {
  readonly accountId?: AccountId | undefined;
}

type Proof =
  | Extract<PasskeySignInResult, { readonly outcome: "signed_in" }>
  /** `unknown`: of `PasskeyPrompt`. */
  | { readonly outcome: "refused"; readonly unknown: string | undefined };

export interface PasskeyCeremonies {
  /** @returns undefined where passkeys are off, or the account has none. */
  askForSignIn(ctx: Context, asked: AskedAt & Person): Promise<PasskeyPrompt | undefined>;
  /** A sign-in, or that somebody is still here. Tells the audit log. */
  prove(
    ctx: Context,
    posted: PostedAt & Person & { readonly clientId?: string | undefined },
  ): Promise<Proof>;
  /** @returns undefined where passkeys are off. */
  askForNew(
    ctx: Context,
    asked: AskedAt & { readonly account: Account },
  ): Promise<PasskeyPrompt | undefined>;
  /** For an account whose owner has just proven to be it. Tells the audit log. */
  enrol(
    ctx: Context,
    posted: PostedAt & { readonly account: Account },
  ): Promise<EnrolPasskeyResult | Stale>;
  /** For an account that is not made yet. @returns undefined where passkeys are off. */
  askForFirst(
    ctx: Context,
    asked: AskedAt & { readonly user: { readonly name: string; readonly displayName: string } },
  ): Promise<PasskeyPrompt | undefined>;
  /** For `PasskeyStore.createAccount`. */
  readFirst(ctx: Context, posted: PostedAt): Promise<ReadPasskeyResult | Stale>;
}

/** Used, too old, of another browser or purpose; or passkeys are off. */
interface Stale {
  readonly outcome: "refused";
  readonly reason: "stale_challenge";
  readonly detail?: undefined;
}

export interface PasskeyCeremoniesDeps extends PasskeyChallengesDeps {
  readonly passkeys: Pick<PasskeyStore, "listOfAccount">;
  readonly passkeySignIn: PasskeySignIn;
  readonly limitAttempts: LimitAttempts;
  readonly enrolPasskey: EnrolPasskey;
  readonly arePasskeysOn: () => Promise<boolean>;
  readonly audit: Audit;
  readonly issuer: string;
}

const STALE: Stale = { outcome: "refused", reason: "stale_challenge" };

export function createPasskeyCeremonies(deps: PasskeyCeremoniesDeps): PasskeyCeremonies {
  const { passkeys, passkeySignIn, enrolPasskey, arePasskeysOn, audit } = deps;
  const challenges = createPasskeyChallenges(deps);
  const { origin, hostname: rpId, host } = new URL(deps.issuer);

  async function open(ctx: Context, { purpose, fields }: PostedAt) {
    if (!(await arePasskeysOn())) return undefined;
    const used = await challenges.use(ctx, purpose, fields["passkey_challenge"] ?? "");
    if (used === undefined) return undefined;
    const { challenge, userHandle } = used;
    return {
      credential: fields["passkey"] ?? "",
      expected: { challenge, origin, rpId },
      userHandle,
      deviceName: nameDevice(ctx.get("User-Agent")),
    };
  }

  function promptForNew(
    ctx: Context,
    { purpose, action }: AskedAt,
    { user, known }: { user: ReturnType<typeof passkeyUser>; known: readonly Passkey[] },
  ): PasskeyPrompt {
    const handle = known[0]?.userHandle ?? randomToken(USER_HANDLE_BYTES);
    const { challenge, userHandle, token } = challenges.issue(ctx, purpose, handle);
    const rp = { id: rpId, name: host };
    const options = passkeyCreationOptions({ challenge, rp, userHandle, user, passkeys: known });
    return { action, challenge: token, options: JSON.stringify(options) };
  }

  function requestFacts(ctx: Context) {
    return { ip: ctx.ip, requestId: String(ctx.state["requestId"]) };
  }

  return {
    async askForSignIn(ctx, { purpose, action, accountId }) {
      if (!(await arePasskeysOn())) return undefined;
      const known = accountId === undefined ? [] : await passkeys.listOfAccount(accountId);
      if (accountId !== undefined && known.length === 0) return undefined;
      const { challenge, token } = challenges.issue(ctx, purpose);
      const options = passkeyRequestOptions(challenge, rpId, known);
      return { action, challenge: token, options: JSON.stringify(options) };
    },

    async prove(ctx, posted) {
      const { accountId, clientId } = posted;
      const attempt = await deps.limitAttempts(ctx, "passkey", { clientId });
      const opened = await open(ctx, posted);
      const result = opened === undefined ? STALE : await passkeySignIn({ ...opened, accountId });
      const facts = { by: "passkey", clientId, ...requestFacts(ctx) };
      if (result.outcome === "signed_in") {
        await attempt.succeeded();
        audit({ event: "sign_in", outcome: "success", accountId: result.account.id, ...facts });
        return result;
      }
      audit({
        event: "sign_in",
        outcome: "failure",
        ...findRefusalFacts(result, accountId),
        ...facts,
      });
      const credentialId = "unknown" in result ? result.unknown : undefined;
      const unknown = credentialId === undefined ? undefined : { rpId, credentialId };
      return { outcome: "refused", unknown: unknown && JSON.stringify(unknown) };
    },

    async askForNew(ctx, { account, ...asked }) {
      if (!(await arePasskeysOn())) return undefined;
      const known = await passkeys.listOfAccount(account.id);
      return promptForNew(ctx, asked, { user: passkeyUser(account), known });
    },

    async enrol(ctx, posted) {
      const { id: accountId } = posted.account;
      const opened = await open(ctx, posted);
      const result = opened === undefined ? STALE : await enrolPasskey(accountId, opened);
      const facts = { event: "passkey.added", accountId, ...requestFacts(ctx) } as const;
      if (result.outcome === "enrolled") {
        audit({ ...facts, outcome: "success" });
      } else {
        audit({ ...facts, outcome: "failure", reason: result.reason, detail: result.detail });
      }
      return result;
    },

    async askForFirst(ctx, { user, ...asked }) {
      return (await arePasskeysOn()) ? promptForNew(ctx, asked, { user, known: [] }) : undefined;
    },

    async readFirst(ctx, posted) {
      const opened = await open(ctx, posted);
      return opened === undefined ? STALE : readNewPasskey(opened);
    },
  };
}

/** For the audit log: who was to prove themselves, else whose passkey it was. */
function findRefusalFacts(
  result: Extract<PasskeySignInResult, { readonly outcome: "refused" }> | Stale,
  asked: AccountId | undefined,
) {
  const { reason, detail } = result;
  return {
    reason,
    detail,
    accountId: asked ?? ("accountId" in result ? result.accountId : undefined),
  };
}

/** What a proof by passkey is worth. */
export function toAuthentication(
  { account, amr, signedInAtSeconds }: Extract<Proof, { readonly outcome: "signed_in" }>,
  keep: boolean,
): Authentication {
  return { accountId: account.id, acr: PHISHING_RESISTANT_ACR, amr, keep, signedInAtSeconds };
}
