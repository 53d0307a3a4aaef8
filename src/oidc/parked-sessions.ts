import type { Context } from "koa";
import type { Sealer } from "../lib/seal.js";

/** A session that a browser holds besides the one in use. */
interface ParkedSession {
  /** What its cookie would be. */
  readonly value: string;
  /** Undefined: until the browser is closed. */
  readonly keptUntilSeconds: number | undefined;
}

/** What opens the sessions that a browser holds besides the one in use. */
interface ParkedSessions {
  /** As they were put there, the one in use last first; some may have ended. */
  read(ctx: Context): string[];
  write(ctx: Context, sessions: readonly ParkedSession[]): void;
}

const CONTEXT = "parked-sessions";
const NAMES = ["latchkey_accounts", "latchkey_kept_accounts"] as const;

/**
 * In sealed cookies: one that goes with the browser, and one for people who asked to stay signed in.
 * A single one would keep either too little or too long.
 */
export function createParkedSessions(sealer: Sealer): ParkedSessions {
  function readCookie(ctx: Context, name: string): string[] {
    const sealed = ctx.cookies.get(nameFor(ctx, name), { signed: false });
    const json = sealed === undefined ? undefined : sealer.open(sealed, CONTEXT);
    const values: unknown = json === undefined ? [] : JSON.parse(json);
    return Array.isArray(values) ? values.map(String) : [];
  }

  function writeCookie(ctx: Context, name: string, sessions: readonly ParkedSession[]): void {
    const known = ctx.cookies.get(nameFor(ctx, name), { signed: false });
    if (sessions.length === 0 && known === undefined) return;
    const untilSeconds = Math.max(...sessions.map((session) => session.keptUntilSeconds ?? 0));
    const values = sessions.map(({ value }) => value);
    ctx.cookies.set(
      nameFor(ctx, name),
      sessions.length === 0 ? null : sealer.seal(JSON.stringify(values), CONTEXT),
      {
        httpOnly: true,
        sameSite: "lax",
        path: "/",
        // Sealed, so a signature would add nothing but length.
        signed: false,
        overwrite: true,
        ...(untilSeconds > 0 ? { expires: new Date(untilSeconds * 1000) } : {}),
      },
    );
  }

  return {
    read: (ctx) => NAMES.flatMap((name) => readCookie(ctx, name)),
    write(ctx, sessions) {
      const kept = (session: ParkedSession) => session.keptUntilSeconds !== undefined;
      writeCookie(
        ctx,
        NAMES[0],
        sessions.filter((session) => !kept(session)),
      );
      writeCookie(ctx, NAMES[1], sessions.filter(kept));
    },
  };
}

/** Plain http cannot have `__Host-`. */
function nameFor(ctx: Context, name: string): string {
  return ctx.secure ? `__Host-${name}` : name;
}
