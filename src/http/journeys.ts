import type { Context } from "koa";
import type { Clock } from "../lib/clock.js";
import type { Sealer } from "../lib/seal.js";

/**
 * Processes of several pages for people who are not signed in. Each has an unguessable id in its
 * path, and what it knows in a sealed cookie of that path: tabs do not disturb each other, and no
 * other browser goes on with it.
 */
export interface Journeys<State extends object> {
  save(ctx: Context, id: string, state: State): void;
  /** Undefined in another browser, without its cookie, or after a day. */
  find(ctx: Context, id: string): State | undefined;
  pathOf(id: string): string;
}

export interface JourneysDeps {
  readonly browserSealer: Sealer;
  readonly clock: Clock;
  readonly basePath: string;
}

/** 24 h, as long as the authorization request that it may lead back to. */
const MAX_AGE_SECONDS = 24 * 3600;

/** @param area the first segment of its paths. */
export function createJourneys<State extends object>(
  { browserSealer, clock, basePath }: JourneysDeps,
  area: string,
): Journeys<State> {
  const contextOf = (id: string) => `journey:${area}:${id}`;
  const pathOf = (id: string) => `${basePath}/${area}/${id}`;

  return {
    pathOf,
    save(ctx, id, state) {
      const text = JSON.stringify({ state, at: clock.nowSeconds() });
      const options = { httpOnly: true, sameSite: "lax", signed: false } as const;
      const maxAge = MAX_AGE_SECONDS * 1000;
      ctx.cookies.set(nameFor(ctx), browserSealer.seal(text, contextOf(id)), {
        ...options,
        path: pathOf(id),
        maxAge,
        overwrite: true,
      });
    },
    find(ctx, id) {
      const sealed = ctx.cookies.get(nameFor(ctx), { signed: false });
      const text = sealed === undefined ? undefined : browserSealer.open(sealed, contextOf(id));
      if (text === undefined) return undefined;
      const { state, at }: { state: State; at: number } = JSON.parse(text);
      return clock.nowSeconds() - at > MAX_AGE_SECONDS ? undefined : state;
    },
  };
}

/** With a path of its own it cannot be `__Host-`; plain http can be neither. */
function nameFor(ctx: Context): string {
  return ctx.secure ? "__Secure-latchkey_journey" : "latchkey_journey";
}
