import type { Clock } from "../../lib/clock.js";
import type { Sealer } from "../../lib/seal.js";
import type { HeldSession } from "../../oidc/browser-accounts.js";
import type { AccountDeps } from "./account-deps.js";
import type { AccountPage } from "./account-frame.js";
import { describeDevice } from "./describe-device.js";
import { FRESH_PAGES, type FreshPage } from "./fresh-pages.js";
import {
  createIdentityActs,
  isIdentityAct,
  parseIdentityAct,
  type IdentityAct,
} from "./identity-acts.js";

/** What ends something, and therefore takes a fresh sign-in. */
export type Act =
  | { readonly kind: "end-session"; readonly handle: string }
  | { readonly kind: "end-others"; readonly offline: boolean }
  | { readonly kind: "withdraw-app"; readonly clientId: string }
  /** Does nothing but take a fresh sign-in, after which the page opens. */
  | { readonly kind: "open"; readonly page: FreshPage }
  | IdentityAct;

/** @returns undefined when the form asks for nothing that there is. */
export function parseAct(fields: Readonly<Record<string, string>>): Act | undefined {
  const { act: kind, session: handle = "", client: clientId = "", offline } = fields;
  if (kind === "end-session") return { kind, handle };
  if (kind === "end-others") return { kind, offline: offline === "yes" };
  if (kind === "withdraw-app") return { kind, clientId };
  return parseIdentityAct(fields);
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
  /** After "Enter your password to". */
  describe(act: Act, current: HeldSession): Promise<string>;
  /** @returns what to tell the person. */
  perform(act: DoneAct, current: HeldSession): Promise<string>;
  /** The page that the act belongs to. */
  pageOf(act: Act): AccountPage;
}

const REASON = "person";

export function createActs(deps: AccountDeps): Acts {
  const { sessions, audit } = deps;
  const { sessionDirectory, endSessions, listApps } = sessions;
  const identityActs = createIdentityActs(deps);

  /** That of somebody else is as unknown as one that does not exist. */
  async function findOwn(handle: string, { account, uid }: HeldSession) {
    const found = await sessionDirectory.findToEnd(handle);
    return found?.accountId === account.id && found.uid !== uid ? found : undefined;
  }

  async function findApp(clientId: string, { account }: HeldSession) {
    return (await listApps(account.id)).find((app) => app.clientId === clientId);
  }

  async function endSession(handle: string, current: HeldSession): Promise<string> {
    const session = await findOwn(handle, current);
    if (session === undefined) return "That device was signed out already.";
    await endSessions.endSession(session, { reason: REASON, includingOffline: false });
    return `Signed out: ${describeDevice(session.userAgent)}.`;
  }

  async function endOthers(offline: boolean, { uid, account }: HeldSession): Promise<string> {
    const except = await sessionDirectory.findByUid(uid);
    const options = { reason: REASON, except, includingOffline: offline } as const;
    const ended = await endSessions.endAllOfAccount(account.id, options);
    const devices = ended.length === 1 ? "1 other device" : `${ended.length} other devices`;
    return offline
      ? `Signed out of ${devices}, and ended what apps could do while you are away.`
      : `Signed out of ${devices}.`;
  }

  async function withdraw(clientId: string, current: HeldSession): Promise<string> {
    const app = await findApp(clientId, current);
    if (app === undefined) return "That app had no access any more.";
    await endSessions.withdrawApp(current.account.id, clientId, REASON);
    const { id: accountId } = current.account;
    audit({ event: "consent.withdrawn", outcome: "success", accountId, clientId });
    return `${app.name} has no access any more.`;
  }

  return {
    pageOf: (act) => {
      if (act.kind === "open" || isIdentityAct(act)) return "security";
      return act.kind === "withdraw-app" ? "apps" : "sign-ins";
    },
    async describe(act, current) {
      if (isIdentityAct(act)) return identityActs.describe(act, current);
      if (act.kind === "open") return FRESH_PAGES[act.page].purpose;
      if (act.kind === "end-others") return "sign out everywhere else";
      if (act.kind === "withdraw-app") {
        return `remove the access of ${(await findApp(act.clientId, current))?.name ?? "an app"}`;
      }
      return `sign out ${describeDevice((await findOwn(act.handle, current))?.userAgent)}`;
    },
    async perform(act, current) {
      if (isIdentityAct(act)) return identityActs.perform(act, current);
      if (act.kind === "end-session") return endSession(act.handle, current);
      if (act.kind === "end-others") return endOthers(act.offline, current);
      return withdraw(act.clientId, current);
    },
  };
}
