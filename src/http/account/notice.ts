import type { Context } from "koa";
import type { Message } from "../../lib/message.js";
import type { Sealer } from "../../lib/seal.js";

/** What the next page of the account says was done. */
export interface Notices {
  leave(ctx: Context, uid: string, told: Message): void;
  /** Takes it from the browser, too. @param uid of the session that it was left for. */
  take(ctx: Context, uid: string): Message | undefined;
}

/** 1 min: for the page that follows. */
const MAX_AGE_MS = 60_000;

/** In a sealed cookie, so that no link can make a page say something. */
export function createNotices(sealer: Sealer, path: string): Notices {
  const contextOf = (uid: string) => `account-notice:${uid}`;
  const options = { httpOnly: true, sameSite: "lax", signed: false, path } as const;
  return {
    leave(ctx, uid, told) {
      const sealed = sealer.seal(JSON.stringify(told), contextOf(uid));
      ctx.cookies.set(nameFor(ctx), sealed, { ...options, maxAge: MAX_AGE_MS });
    },
    take(ctx, uid) {
      const sealed = ctx.cookies.get(nameFor(ctx), { signed: false });
      if (sealed === undefined) return undefined;
      ctx.cookies.set(nameFor(ctx), null, options);
      const json = sealer.open(sealed, contextOf(uid));
      return json === undefined ? undefined : parseMessage(json);
    },
  };
}

/** With a path of its own it cannot be `__Host-`; plain http can be neither. */
function nameFor(ctx: Context): string {
  return ctx.secure ? "__Secure-latchkey_notice" : "latchkey_notice";
}

/** Only this server seals, so that what opens has this form. */
function parseMessage(json: string): Message {
  const told: Message = JSON.parse(json);
  return told;
}
