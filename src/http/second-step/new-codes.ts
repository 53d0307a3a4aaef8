import type { Context } from "koa";
import type { Sealer } from "../../lib/seal.js";

/** Recovery codes that were just made, until the person says that they kept them. */
export interface NewCodes {
  /** @param uid of the session that they were made in. */
  keep(ctx: Context, uid: string, codes: readonly string[]): void;
  find(ctx: Context, uid: string): readonly string[] | undefined;
  drop(ctx: Context): void;
}

/** 10 min: someone looks for a printer. */
const MAX_AGE_MS = 600_000;

/** In a sealed cookie: so often as the page is loaded anew, and in no store. */
export function createNewCodes(sealer: Sealer, path: string): NewCodes {
  const contextOf = (uid: string) => `new-recovery-codes:${uid}`;
  const options = { httpOnly: true, sameSite: "lax", signed: false, path } as const;
  return {
    keep(ctx, uid, codes) {
      const sealed = sealer.seal(JSON.stringify(codes), contextOf(uid));
      ctx.cookies.set(nameFor(ctx), sealed, { ...options, maxAge: MAX_AGE_MS });
    },
    find(ctx, uid) {
      const sealed = ctx.cookies.get(nameFor(ctx), { signed: false }) ?? "";
      const json = sealer.open(sealed, contextOf(uid));
      if (json === undefined) return undefined;
      const codes: string[] = JSON.parse(json);
      return codes;
    },
    drop: (ctx) => void ctx.cookies.set(nameFor(ctx), null, options),
  };
}

/** With a path of its own it cannot be `__Host-`; plain http can be neither. */
function nameFor(ctx: Context): string {
  return ctx.secure ? "__Secure-latchkey_recovery_codes" : "latchkey_recovery_codes";
}
