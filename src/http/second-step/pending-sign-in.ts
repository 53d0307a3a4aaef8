import type { Context } from "koa";
import { toAccountId } from "../../accounts/account.js";
import type { Clock } from "../../lib/clock.js";
import type { Sealer } from "../../lib/seal.js";
import type { Authentication } from "../../oidc/browser-accounts.js";

/** What somebody has proven who still owes a second step, and where they came from. */
export interface PendingSignIn {
  readonly proven: Authentication;
  /** The identity that waits for this proof is linked at the end. */
  readonly links: boolean;
  readonly place: SignInPlace;
  /** The proof is fresh enough for the account to get a second step with it. */
  readonly maySetUp: boolean;
  /** To be shown, of an authenticator app that was just set up. */
  readonly newCodes?: readonly string[] | undefined;
}

export type SignInPlace =
  | { readonly kind: "interaction"; readonly uid: string }
  /** `path`: of ours, where the sign-in leads. */
  | { readonly kind: "account"; readonly path: string }
  /** `act`: sealed. */
  | { readonly kind: "confirm"; readonly act: string };

/**
 * Sign-ins between their two steps, each in a cookie of its browser and of its request: any node can
 * go on with it, and no other browser. It proves nothing without the second step.
 */
export interface PendingSignIns {
  keep(ctx: Context, pending: PendingSignIn): void;
  /** @param at of which the page is. Undefined: there is none, or its time is over. */
  find(ctx: Context, at: PlaceOf): PendingSignIn | undefined;
  drop(ctx: Context, at: PlaceOf): void;
}

/** An interaction, by its id, or the account's own pages. */
export interface PlaceOf {
  readonly uid: string | undefined;
}

/** 10 min: someone looks for their telephone. */
const VALID_SECONDS = 600;
/** A browser keeps cookies of 4096 bytes, name and attributes included. */
const MAX_SEALED_CHARACTERS = 3600;

export function createPendingSignIns(
  sealer: Sealer,
  clock: Clock,
  basePath: string,
): PendingSignIns {
  const contextOf = ({ uid }: PlaceOf) => (uid === undefined ? "account" : `interaction:${uid}`);
  const pathOf = ({ uid }: PlaceOf) =>
    `${basePath}${uid === undefined ? "/account/sign-in" : `/interaction/${uid}`}`;

  function seal(pending: PendingSignIn, at: PlaceOf): string {
    const expiresAtSeconds = clock.nowSeconds() + VALID_SECONDS;
    return sealer.seal(JSON.stringify({ ...pending, expiresAtSeconds }), contextOf(at));
  }

  /** Sealed, so a signature would add nothing but length. */
  function setCookie(ctx: Context, at: PlaceOf, value: string | null): void {
    const options = { httpOnly: true, sameSite: "lax", signed: false, overwrite: true } as const;
    ctx.cookies.set(nameFor(ctx), value, {
      ...options,
      path: pathOf(at),
      maxAge: VALID_SECONDS * 1000,
    });
  }

  return {
    keep(ctx, pending) {
      const { place, proven } = pending;
      const at = { uid: place.kind === "interaction" ? place.uid : undefined };
      const whole = seal(pending, at);
      // Of use for a sign-out there only, which then asks.
      const { upstreamIdToken: _left, ...shorter } = proven;
      const isTooLong = whole.length > MAX_SEALED_CHARACTERS;
      setCookie(ctx, at, isTooLong ? seal({ ...pending, proven: shorter }, at) : whole);
    },

    find(ctx, at) {
      const sealed = ctx.cookies.get(nameFor(ctx), { signed: false }) ?? "";
      const json = sealer.open(sealed, contextOf(at));
      if (json === undefined) return undefined;
      const pending: PendingSignIn & { expiresAtSeconds: number } = JSON.parse(json);
      if (pending.expiresAtSeconds <= clock.nowSeconds()) return undefined;
      const accountId = toAccountId(pending.proven.accountId);
      return { ...pending, proven: { ...pending.proven, accountId } };
    },

    drop(ctx, at) {
      if (ctx.cookies.get(nameFor(ctx), { signed: false }) !== undefined) setCookie(ctx, at, null);
    },
  };
}

/** With a path of its own it cannot be `__Host-`; plain http can be neither. */
function nameFor(ctx: Context): string {
  return ctx.secure ? "__Secure-latchkey_second_step" : "latchkey_second_step";
}
