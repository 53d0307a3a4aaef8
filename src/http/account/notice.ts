import type { Context } from "koa";
import type { Message } from "../../lib/message.js";
import type { Sealer } from "../../lib/seal.js";

/** A message, or words as they are. */
export type Notice = Message | string;

/** What the next page of the account says was done. */
export interface Notices {
  leave(ctx: Context, uid: string, text: Notice): void;
  /** Takes it from the browser, too. @param uid of the session that it was left for. */
  take(ctx: Context, uid: string): Notice | undefined;
}

/** 1 min: for the page that follows. */
const MAX_AGE_MS = 60_000;

/** In a sealed cookie, so that no link can make a page say something. */
export function createNotices(sealer: Sealer, path: string): Notices {
  const contextOf = (uid: string) => `account-notice:${uid}`;
  const options = { httpOnly: true, sameSite: "lax", signed: false, path } as const;
  return {
    leave(ctx, uid, text) {
      const sealed = sealer.seal(JSON.stringify(text), contextOf(uid));
      ctx.cookies.set(nameFor(ctx), sealed, { ...options, maxAge: MAX_AGE_MS });
    },
    take(ctx, uid) {
      const sealed = ctx.cookies.get(nameFor(ctx), { signed: false });
      if (sealed === undefined) return undefined;
      ctx.cookies.set(nameFor(ctx), null, options);
      const json = sealer.open(sealed, contextOf(uid));
      if (json === undefined) return undefined;
      const notice: Notice = JSON.parse(json);
      return notice;
    },
  };
}

/** With a path of its own it cannot be `__Host-`; plain http can be neither. */
function nameFor(ctx: Context): string {
  return ctx.secure ? "__Secure-latchkey_notice" : "latchkey_notice";
}
