import type { Context } from "koa";
import { toAccountId, type AccountId } from "../../accounts/account.js";
import type { UpstreamPerson } from "../../accounts/federated-identity.js";
import type { Clock } from "../../lib/clock.js";
import { randomToken } from "../../lib/random-token.js";
import type { Sealer } from "../../lib/seal.js";
import type { UseOnce } from "../../oidc/use-once.js";

/** An identity that is to be linked once the owner of an account has signed in to it. */
export interface PendingLink {
  readonly providerId: string;
  /** The exact identity that was proven upstream: nothing else is linked by this proof. */
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | undefined;
  readonly username: string | undefined;
  readonly accountId: AccountId;
}

/**
 * Links that wait for proof, each in a cookie of the browser that came back from the provider: no
 * other browser can give the proof, and it counts for one interaction.
 */
export interface PendingLinks {
  begin(ctx: Context, uid: string, pending: PendingLink): void;
  /** Undefined when there is none, or its time is over. */
  find(ctx: Context, uid: string): PendingLink | undefined;
  /** @returns false when it is no longer there or was used before. */
  use(ctx: Context, uid: string): Promise<boolean>;
  drop(ctx: Context, uid: string): void;
}

export interface PendingLinksDeps {
  readonly sealer: Sealer;
  readonly useOnce: UseOnce;
  readonly clock: Clock;
  readonly basePath: string;
}

interface SealedLink extends PendingLink {
  readonly id: string;
  readonly expiresAtSeconds: number;
}

/** 10 min: the person is looking at the page that asks for it. */
const VALID_SECONDS = 600;

export function createPendingLinks(deps: PendingLinksDeps): PendingLinks {
  const { sealer, useOnce, clock, basePath } = deps;

  function open(ctx: Context, uid: string): SealedLink | undefined {
    const json = sealer.open(ctx.cookies.get(nameFor(ctx), { signed: false }) ?? "", uid);
    if (json === undefined) return undefined;
    const link: SealedLink = JSON.parse(json);
    if (link.expiresAtSeconds <= clock.nowSeconds()) return undefined;
    return { ...link, accountId: toAccountId(link.accountId) };
  }

  /** Sealed, so a signature would add nothing but length. */
  function setCookie(ctx: Context, uid: string, value: string | null): void {
    const path = `${basePath}/interaction/${uid}`;
    const options = { httpOnly: true, sameSite: "lax", signed: false } as const;
    ctx.cookies.set(nameFor(ctx), value, { ...options, path, maxAge: VALID_SECONDS * 1000 });
  }

  return {
    begin(ctx, uid, pending) {
      const expiresAtSeconds = clock.nowSeconds() + VALID_SECONDS;
      const link: SealedLink = { ...pending, id: randomToken(), expiresAtSeconds };
      setCookie(ctx, uid, sealer.seal(JSON.stringify(link), uid));
    },
    find: open,
    async use(ctx, uid) {
      const link = open(ctx, uid);
      setCookie(ctx, uid, null);
      return link !== undefined && useOnce(link.id, VALID_SECONDS);
    },
    drop(ctx, uid) {
      if (ctx.cookies.get(nameFor(ctx), { signed: false }) !== undefined) setCookie(ctx, uid, null);
    },
  };
}

export function personOf({ issuer, subject, email, username }: PendingLink): UpstreamPerson {
  const claims = { email, emailVerified: email !== undefined, username, profile: {} };
  return { issuer, subject, claims };
}

/** With a path of its own it cannot be `__Host-`; plain http can be neither. */
function nameFor(ctx: Context): string {
  return ctx.secure ? "__Secure-latchkey_pending_link" : "latchkey_pending_link";
}
