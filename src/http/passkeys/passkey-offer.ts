import type Router from "@koa/router";
import type { Context } from "koa";
import type { Account } from "../../accounts/account.js";
import type { AccountStore } from "../../accounts/account-store.js";
import type { PasskeyStore } from "../../accounts/passkey-store.js";
import type { Clock } from "../../lib/clock.js";
import type { Sealer } from "../../lib/seal.js";
import type { Notify } from "../../mail/notify.js";
import { noticeFacts } from "../account/notice-facts.js";
import type { FormGuard } from "../form-guard.js";
import { readForm } from "../read-form.js";
import type { Renderer } from "../render.js";
import { allowFormReturn } from "../security-headers.js";
import type { OnSignedIn } from "../sign-in-hub.js";
import type { PasskeyCeremonies } from "./passkey-ceremonies.js";
import { createPendingOffers, type PendingOffer } from "./pending-offer.js";

const PATH = "/passkey-offer";

/** 5 min: as for every act that takes a fresh sign-in. */
const FRESH_SECONDS = 300;

/** 30 days: whoever said no is not asked at every sign-in. */
const ASKED_MS = 30 * 24 * 3600 * 1000;

export interface OfferHookDeps {
  readonly passkeys: Pick<PasskeyStore, "listOfAccount">;
  readonly isPasskeyOffered: boolean;
  readonly arePasskeysOn: () => Promise<boolean>;
  readonly browserSealer: Sealer;
  readonly basePath: string;
}

/**
 * Leads whoever signed in to an application with a password alone by the offer of a passkey, if their
 * browser said with the form that it could make one.
 */
export function createOfferPasskey(deps: OfferHookDeps): OnSignedIn {
  const { passkeys, arePasskeysOn, basePath } = deps;
  const pending = createPendingOffers(deps.browserSealer, basePath + PATH);

  return async (ctx, { accountId, amr, clientId, signedInAtSeconds, redirectUri }) => {
    const location = ctx.response.get("Location");
    const isMeant = deps.isPasskeyOffered && clientId !== undefined && location !== "";
    if (!isMeant || amr.join() !== "pwd" || !canMakePasskey(ctx) || wasAsked(ctx)) return;
    if (!(await arePasskeysOn()) || (await passkeys.listOfAccount(accountId)).length > 0) return;
    pending.keep(ctx, { accountId, signedInAtSeconds, location, redirectUri });
    const options = { httpOnly: true, sameSite: "lax", signed: false, path: "/" } as const;
    ctx.cookies.set(askedCookie(ctx), "yes", { ...options, maxAge: ASKED_MS });
    ctx.redirect(basePath + PATH);
  };
}

export interface OfferRoutesDeps {
  readonly passkeyCeremonies: Pick<PasskeyCeremonies, "askForNew" | "enrol">;
  readonly accounts: Pick<AccountStore, "find">;
  readonly formGuard: FormGuard;
  readonly browserSealer: Sealer;
  readonly notify: Notify;
  readonly render: Renderer["render"];
  readonly clock: Clock;
  readonly basePath: string;
}

/** `/passkey-offer`: once after a sign-in, and then on to where it leads. */
export function addPasskeyOffer(router: Router, deps: OfferRoutesDeps): void {
  const { passkeyCeremonies, formGuard, clock, basePath } = deps;
  const pending = createPendingOffers(deps.browserSealer, basePath + PATH);

  router.get(PATH, async (ctx) => {
    const offer = pending.find(ctx);
    if (offer === undefined) return toAccount(ctx);
    const account = await findFresh(offer);
    return account === undefined ? goOn(ctx, offer) : show(ctx, { offer, account });
  });

  router.post(PATH, async (ctx) => {
    const fields = await readForm(ctx);
    const offer = pending.find(ctx);
    if (offer === undefined) return toAccount(ctx);
    const account = await findFresh(offer);
    const verdict = formGuard.check(ctx, PATH, fields["csrf_token"]);
    if (account === undefined || verdict !== "genuine") return goOn(ctx, offer);
    const purpose = purposeOf(offer);
    const result = await passkeyCeremonies.enrol(ctx, { purpose, fields, account });
    if (result.outcome === "refused") return show(ctx, { offer, account, isRefused: true });
    const { name } = result.passkey;
    await deps.notify(account.id, "passkey_added", { ...noticeFacts(ctx), name });
    return goOn(ctx, offer);
  });

  /** @returns undefined when the sign-in is too long ago to add a way in by it. */
  async function findFresh(offer: PendingOffer): Promise<Account | undefined> {
    if (clock.nowSeconds() - offer.signedInAtSeconds >= FRESH_SECONDS) return undefined;
    const account = await deps.accounts.find(offer.accountId);
    return account?.disabled === true ? undefined : account;
  }

  async function show(ctx: Context, { offer, account, isRefused = false }: Shown): Promise<void> {
    allowFormReturn(ctx, offer.redirectUri);
    const action = basePath + PATH;
    const asked = { purpose: purposeOf(offer), action, account };
    const passkey = await passkeyCeremonies.askForNew(ctx, asked);
    const data = {
      csrfToken: formGuard.issue(ctx, PATH),
      passkey,
      laterUrl: offer.location,
      isRefused,
    };
    deps.render(ctx, "passkey-offer", data, isRefused ? 422 : 200);
  }

  function goOn(ctx: Context, { location }: PendingOffer): void {
    ctx.status = 303;
    ctx.redirect(location);
  }

  /** The page was kept for longer than its sign-in. */
  function toAccount(ctx: Context): void {
    ctx.status = 303;
    ctx.redirect(`${basePath}/account/passkeys`);
  }
}

interface Shown {
  readonly offer: PendingOffer;
  readonly account: Account;
  readonly isRefused?: boolean;
}

function purposeOf({ accountId, signedInAtSeconds }: PendingOffer): string {
  return `offer.${accountId}.${signedInAtSeconds}`;
}

/** What assets/passkey.js put into the form that was posted. */
function canMakePasskey(ctx: Context): boolean {
  const body: unknown = ctx.request.body;
  return typeof body === "object" && body !== null && "can_make_passkey" in body
    ? body.can_make_passkey === "yes"
    : false;
}

function wasAsked(ctx: Context): boolean {
  return ctx.cookies.get(askedCookie(ctx), { signed: false }) !== undefined;
}

function askedCookie(ctx: Context): string {
  return ctx.secure ? "__Host-latchkey_asked" : "latchkey_asked";
}
