import type { Context } from "koa";
import { toAccountId, type AccountId } from "../../accounts/account.js";
import type { Sealer } from "../../lib/seal.js";

/** A sign-in that has succeeded and whose browser looks at the offer of a passkey first. */
export interface PendingOffer {
  readonly accountId: AccountId;
  readonly signedInAtSeconds: number;
  /** Where the browser goes on to. */
  readonly location: string;
  /** Where that leads to in the end. */
  readonly redirectUri: string | undefined;
}

/** It lies sealed in the very browser that signed in. */
export interface PendingOffers {
  keep(ctx: Context, offer: PendingOffer): void;
  find(ctx: Context): PendingOffer | undefined;
}

/** 1 h, as long as the request of the application waits. */
const MAX_AGE_MS = 3_600_000;
const CONTEXT = "passkey-offer";

/** @param path of the page; no other is sent it. */
export function createPendingOffers(sealer: Sealer, path: string): PendingOffers {
  const options = { httpOnly: true, sameSite: "lax", signed: false, path } as const;
  return {
    keep(ctx, offer) {
      const sealed = sealer.seal(JSON.stringify(offer), CONTEXT);
      ctx.cookies.set(nameFor(ctx), sealed, { ...options, maxAge: MAX_AGE_MS });
    },
    find(ctx) {
      const json = sealer.open(ctx.cookies.get(nameFor(ctx), { signed: false }) ?? "", CONTEXT);
      if (json === undefined) return undefined;
      const offer: PendingOffer = JSON.parse(json);
      return { ...offer, accountId: toAccountId(offer.accountId) };
    },
  };
}

/** With a path of its own it cannot be `__Host-`; plain http can be neither. */
function nameFor(ctx: Context): string {
  return ctx.secure ? "__Secure-latchkey_offer" : "latchkey_offer";
}
