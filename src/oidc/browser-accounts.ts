/**
 * Who is signed in at one browser. Several people, or one person with several accounts, may be: one
 * session is in use, which is the library's, and the others are put aside (decision 0021). Each is a
 * session of its own, listed and ended as any other.
 */
import type { Context } from "koa";
import type { Provider } from "oidc-provider";
import { maySignIn, toAccountId, type Account, type AccountId } from "../accounts/account.js";
import type { AccountStore } from "../accounts/account-store.js";
import type { Clock } from "../lib/clock.js";
import type { Sealer } from "../lib/seal.js";
import { deviceFacts } from "./device-facts.js";
import type { EndSessions } from "./end-sessions.js";
import type { Lifetimes } from "./lifetimes.js";
import { createParkedSessions } from "./parked-sessions.js";
import type { SessionDirectory } from "./session-directory.js";
import type { SessionModel, SessionUpstream } from "./session-upstream.js";
import type { UpstreamSessions } from "./upstream-sessions.js";

export interface HeldSession {
  /** Stays the same; never told to a browser. */
  readonly uid: string;
  /** Its public name. */
  readonly handle: string;
  readonly account: Account;
  readonly isInUse: boolean;
  /** It outlives the browser's being closed. */
  readonly isKept: boolean;
  readonly signedInAtSeconds: number;
  readonly acr: string | undefined;
}

export interface Authentication {
  readonly accountId: AccountId;
  readonly acr: string;
  readonly amr: readonly string[];
  /** The session outlives the browser's being closed. */
  readonly keep: boolean;
  /** `auth_time`. What ended since ends this sign-in as well. */
  readonly signedInAtSeconds: number;
  /** Of a sign-in at another provider. */
  readonly upstream?: SessionUpstream | undefined;
  /** What proved it; a secret. */
  readonly upstreamIdToken?: string | undefined;
  /** More of a sign-in that the session holds already. */
  readonly continues?: true;
}

export interface ChosenSession {
  readonly uid: string;
  readonly accountId?: string | undefined;
}

export interface BrowserAccounts {
  /** Who uses this browser now. */
  findCurrent(ctx: Context): Promise<HeldSession | undefined>;
  /** How whoever uses this browser proved themselves; for a sign-in that adds to it. */
  findAuthentication(ctx: Context): Promise<Authentication | undefined>;
  /** All that are signed in here, whoever is in use first. */
  list(ctx: Context): Promise<HeldSession[]>;
  /**
   * Signs somebody in without an authorization request, or the same person once more. Whoever was in
   * use is put aside.
   */
  signIn(ctx: Context, authentication: Authentication): Promise<void>;
  /**
   * Puts whoever is in use aside, unless it is this account, whose sign-in is to follow.
   * @returns the session that the sign-in is to take place in.
   */
  makeRoom(ctx: Context, accountId: AccountId): Promise<{ readonly uid: string }>;
  /** @returns undefined when this browser holds no such session, or it has ended. */
  switchTo(ctx: Context, handle: string): Promise<ChosenSession | undefined>;
  /** It had a session once, which may have ended. */
  hasCookie(ctx: Context): boolean;
  /** Takes the cookie of the session in use, which has ended, from the browser. */
  forgetCurrent(ctx: Context): void;
}

export interface BrowserAccountsDeps {
  readonly provider: Provider;
  readonly accounts: Pick<AccountStore, "find">;
  readonly browserSealer: Sealer;
  readonly upstreamSessionEnds: Pick<UpstreamSessions, "remember">;
  readonly sessionDirectory: Pick<SessionDirectory, "handleOf">;
  readonly endSessions: Pick<EndSessions, "endByUid">;
  readonly settings: Pick<Lifetimes, "sessionIdleSeconds"> & {
    readonly authorizationPost: boolean;
  };
  readonly clock: Clock;
}

type Session = Provider["Session"]["prototype"];

/** 5: a person has a few accounts, and the cookies of more would not fit beside the others. */
const MAX_HELD = 5;

export function createBrowserAccounts(deps: BrowserAccountsDeps): BrowserAccounts {
  const { provider, accounts, sessionDirectory, endSessions, settings } = deps;
  const parkedSessions = createParkedSessions(deps.browserSealer);
  const cookieName = provider.cookieName("session");

  /** Those that are put aside and still live, one for an account. */
  async function findParked(ctx: Context, current: Session): Promise<Session[]> {
    const values = parkedSessions.read(ctx);
    const found = await Promise.all(values.map((value) => provider.Session.find(value)));
    const seen = new Set([current.accountId, undefined]);
    return found.flatMap((session) => {
      if (session === undefined || seen.has(session.accountId)) return [];
      seen.add(session.accountId);
      return [session];
    });
  }

  async function describe(session: Session, isInUse: boolean): Promise<HeldSession[]> {
    const { uid, accountId, transient } = session;
    const account =
      accountId === undefined ? undefined : await accounts.find(toAccountId(accountId));
    if (account === undefined || !maySignIn(account)) return [];
    return [
      {
        uid,
        handle: sessionDirectory.handleOf({ uid }),
        account,
        isInUse,
        isKept: transient !== true,
        // When they last proved themselves, which may have been at another provider before.
        signedInAtSeconds: session.authTime() ?? 0,
        acr: session.acr,
      },
    ];
  }

  /** Those that do not fit any more would be signed in without anybody's knowing. */
  async function park(ctx: Context, sessions: readonly Session[]): Promise<void> {
    for (const { uid } of sessions.slice(MAX_HELD - 1)) {
      await endSessions.endByUid(uid, { reason: "person", includingOffline: false });
    }
    parkedSessions.write(
      ctx,
      sessions.slice(0, MAX_HELD - 1).map(({ jti, transient, exp }) => ({
        value: jti,
        keptUntilSeconds: transient === true ? undefined : exp,
      })),
    );
  }

  /** The library reads it with the next request. */
  function setCookie(ctx: Context, session: Session | undefined): void {
    const isKept = session !== undefined && session.transient !== true;
    ctx.cookies.set(cookieName, session?.jti ?? null, {
      httpOnly: true,
      sameSite: settings.authorizationPost ? "none" : "lax",
      path: "/",
      signed: true,
      overwrite: true,
      ...(isKept ? { expires: new Date(session.exp * 1000) } : {}),
    });
  }

  async function exchange(
    ctx: Context,
    current: Session,
    pick: (session: Session) => boolean,
  ): Promise<Session | undefined> {
    const parked = await findParked(ctx, current);
    const picked = parked.find(pick);
    const others = [current, ...parked].filter(
      (session) => session !== picked && session.accountId !== undefined,
    );
    if (picked === undefined && current.accountId === undefined) return undefined;
    await park(ctx, others);
    setCookie(ctx, picked);
    return picked;
  }

  async function makeRoom(ctx: Context, accountId: AccountId): Promise<Session> {
    const current = await provider.Session.get(ctx);
    if (current.accountId === accountId) return current;
    const own = await exchange(ctx, current, (session) => session.accountId === accountId);
    if (own !== undefined) return own;
    return current.accountId === undefined ? current : new provider.Session();
  }

  return {
    makeRoom,

    async findCurrent(ctx) {
      const current = (await describe(await provider.Session.get(ctx), true))[0];
      // For the language and the times of the page.
      ctx.state["accountLocale"] = current?.account.profile.locale;
      ctx.state["accountTimeZone"] = current?.account.profile.zoneinfo;
      return current;
    },

    async findAuthentication(ctx) {
      const session: SessionModel = await provider.Session.get(ctx);
      const [held] = await describe(session, true);
      if (held === undefined) return undefined;
      return {
        accountId: held.account.id,
        acr: session.acr ?? "",
        amr: session.amr ?? [],
        keep: held.isKept,
        signedInAtSeconds: session.loginTs ?? 0,
        upstream: session.upstream,
        continues: true,
      };
    },

    async list(ctx) {
      const current = await provider.Session.get(ctx);
      const parked = await findParked(ctx, current);
      const held = await Promise.all([
        describe(current, true),
        ...parked.map((session) => describe(session, false)),
      ]);
      return held.flat();
    },

    async signIn(ctx, authentication) {
      const { accountId, acr, amr, keep, signedInAtSeconds: loginTs, upstream } = authentication;
      const session = await makeRoom(ctx, accountId);
      const login = { accountId, acr, amr: [...amr], loginTs, transient: !keep, upstream };
      session.loginAccount(login);
      // Whoever knew the cookie before the sign-in must not have it afterwards.
      if (session.exp !== undefined) session.resetIdentifier();
      Object.assign(session, { device: deviceFacts(ctx, deps.clock.nowSeconds()) });
      await session.save(settings.sessionIdleSeconds);
      const { upstreamIdToken, continues } = authentication;
      if (continues !== true)
        await deps.upstreamSessionEnds.remember(session.uid, upstream, upstreamIdToken);
      setCookie(ctx, session);
    },

    async switchTo(ctx, handle) {
      const current = await provider.Session.get(ctx);
      const isMeant = ({ uid }: Session) => sessionDirectory.handleOf({ uid }) === handle;
      if (current.accountId !== undefined && isMeant(current)) return current;
      const parked = await findParked(ctx, current);
      return parked.some(isMeant) ? exchange(ctx, current, isMeant) : undefined;
    },

    hasCookie: (ctx) => ctx.cookies.get(cookieName, { signed: true }) !== undefined,
    forgetCurrent: (ctx) => setCookie(ctx, undefined),
  };
}
