import type { Context } from "koa";
import type { Clock } from "../../lib/clock.js";
import { message, type Message } from "../../lib/message.js";
import type { Sealer } from "../../lib/seal.js";
import type { HeldSession } from "../../oidc/browser-accounts.js";
import type { AccountDeps } from "./account-deps.js";
import type { AccountPage } from "./account-frame.js";
import { describeDevice } from "./describe-device.js";
import { FRESH_PAGES, type FreshPage } from "./fresh-pages.js";
import {
  createPasskeyActs,
  isPasskeyAct,
  parsePasskeyAct,
  type PasskeyAct,
} from "./passkey-acts.js";
import {
  createIdentityActs,
  isIdentityAct,
  parseIdentityAct,
  type IdentityAct,
} from "./identity-acts.js";

import { createSecondStepActs, isSecondStepAct, type SecondStepAct } from "./second-step-acts.js";

/** What ends something, and therefore takes a fresh sign-in. */
export type Act =
  | { readonly kind: "end-session"; readonly handle: string }
  | { readonly kind: "end-others"; readonly offline: boolean }
  | { readonly kind: "withdraw-app"; readonly clientId: string }
  /** Does nothing but take a fresh sign-in, after which the page opens. */
  | { readonly kind: "open"; readonly page: FreshPage }
  | PasskeyAct
  | SecondStepAct
  | IdentityAct;

/** @returns undefined when the form asks for nothing that there is. */
export function parseAct(fields: Readonly<Record<string, string>>): Act | undefined {
  const { act: kind, session: handle = "", client: clientId = "", offline } = fields;
  if (kind === "end-session") return { kind, handle };
  if (kind === "end-others") return { kind, offline: offline === "yes" };
  if (kind === "withdraw-app") return { kind, clientId };
  if (kind === "remove-second-step") return { kind };
  return parsePasskeyAct(fields) ?? parseIdentityAct(fields);
}

/** What leaves something done. */
export type DoneAct = Exclude<Act, { readonly kind: "open" }>;

/** Carries an act over the page that asks for the password. */
export interface SealedActs {
  seal(act: Act, uid: string): string;
  /** @returns undefined for anything forged, of another session, or too old. */
  open(sealed: string, uid: string): Act | undefined;
}

/** 10 min: someone looks for their password. */
const MAX_AGE_SECONDS = 600;

export function createSealedActs(sealer: Sealer, clock: Clock): SealedActs {
  const contextOf = (uid: string) => `account-act:${uid}`;
  return {
    seal: (act, uid) =>
      sealer.seal(JSON.stringify({ act, at: clock.nowSeconds() }), contextOf(uid)),
    open(sealed, uid) {
      const json = sealer.open(sealed, contextOf(uid));
      if (json === undefined) return undefined;
      const { act, at }: { act: Act; at: number } = JSON.parse(json);
      return clock.nowSeconds() - at > MAX_AGE_SECONDS ? undefined : act;
    },
  };
}

export interface Acts {
  /** In the place of `purpose` in `account.confirm-why`. */
  describe(act: Act, current: HeldSession): Promise<Message>;
  /** @returns what to tell the person. */
  perform(act: DoneAct, current: HeldSession, ctx: Context): Promise<Message>;
  /** The page that the act belongs to. */
  pageOf(act: Act): AccountPage;
}

const REASON = "person";

export function createActs(deps: AccountDeps): Acts {
  const { sessions, audit } = deps;
  const { sessionDirectory, endSessions, listApps } = sessions;
  const identityActs = createIdentityActs(deps);
  const passkeyActs = createPasskeyActs(deps);
  const secondStepActs = createSecondStepActs(deps);

  /** That of somebody else is as unknown as one that does not exist. */
  async function findOwn(handle: string, { account, uid }: HeldSession) {
    const found = await sessionDirectory.findToEnd(handle);
    return found?.accountId === account.id && found.uid !== uid ? found : undefined;
  }

  async function findApp(clientId: string, { account }: HeldSession) {
    return (await listApps(account.id)).find((app) => app.clientId === clientId);
  }

  async function endSession(handle: string, current: HeldSession): Promise<Message> {
    const session = await findOwn(handle, current);
    if (session === undefined) return message("account.device-gone");
    await endSessions.endSession(session, { reason: REASON, includingOffline: false });
    return message("account.device-ended", { device: describeDevice(session.userAgent) });
  }

  async function endOthers(offline: boolean, { uid, account }: HeldSession): Promise<Message> {
    const except = await sessionDirectory.findByUid(uid);
    const options = { reason: REASON, except, includingOffline: offline } as const;
    const ended = await endSessions.endAllOfAccount(account.id, options);
    const told = offline ? "account.others-ended-offline" : "account.others-ended";
    return message(told, { n: ended.length });
  }

  async function withdraw(clientId: string, current: HeldSession): Promise<Message> {
    const app = await findApp(clientId, current);
    if (app === undefined) return message("account.app-gone");
    await endSessions.withdrawApp(current.account.id, clientId, REASON);
    const { id: accountId } = current.account;
    audit({ event: "consent.withdrawn", outcome: "success", accountId, clientId });
    return message("account.app-withdrawn", { app: app.name });
  }

  return {
    pageOf: (act) => {
      if (act.kind === "withdraw-app") return "apps";
      return act.kind === "end-session" || act.kind === "end-others" ? "sign-ins" : "security";
    },
    async describe(act, current) {
      if (isIdentityAct(act)) return identityActs.describe(act, current);
      if (isPasskeyAct(act)) return passkeyActs.describe(act, current);
      if (isSecondStepAct(act)) return secondStepActs.describe();
      if (act.kind === "open") return message(FRESH_PAGES[act.page].purpose);
      if (act.kind === "end-others") return message("account.act-end-others");
      if (act.kind === "withdraw-app") {
        const app = await findApp(act.clientId, current);
        return message("account.act-withdraw", { app: app?.name ?? message("account.an-app") });
      }
      const session = await findOwn(act.handle, current);
      return message("account.act-end-session", { device: describeDevice(session?.userAgent) });
    },
    async perform(act, current, ctx) {
      if (isIdentityAct(act)) return identityActs.perform(act, current);
      if (isPasskeyAct(act)) return passkeyActs.perform(act, current, ctx);
      if (isSecondStepAct(act)) return secondStepActs.perform(current, ctx);
      if (act.kind === "end-session") return endSession(act.handle, current);
      if (act.kind === "end-others") return endOthers(act.offline, current);
      return withdraw(act.clientId, current);
    },
  };
}
