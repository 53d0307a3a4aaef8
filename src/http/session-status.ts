import type Router from "@koa/router";
import type { Context } from "koa";
import type { RateLimiter } from "../lib/rate-limiter.js";
import type { PresentedToken } from "../oidc/presented-token.js";
import type { SessionFacts } from "../oidc/session-facts.js";
import type { Sessions } from "../oidc/create-sessions.js";
import type { BearerCaller } from "./bearer-caller.js";
import type { AllowOrigin } from "./cross-origin.js";
import { limitRequests } from "./limit-requests.js";
import { managedSessions } from "./managed-sessions.js";
import { assertOwnPage, isFromElsewhere } from "./own-browser.js";
import {
  describeToBrowser,
  describeToClient,
  describeToManager,
  INACTIVE,
} from "./session-answers.js";
import type { SessionCookie } from "./session-cookie.js";

export interface SessionStatusDeps extends Sessions {
  readonly bearerCaller: BearerCaller;
  readonly allowOrigin: AllowOrigin;
  readonly limiter: RateLimiter;
  readonly sessionCookie: SessionCookie;
  /** Of this server. */
  readonly origin: string;
}

/**
 * `/session/status`: whether there is a session, for a browser by its cookie and for an application by
 * an access token that came from it. Asking (GET) extends nothing; a page of this server extends the
 * session of its browser by POST.
 */
export function addSessionStatus(router: Router, deps: SessionStatusDeps): void {
  const { bearerCaller, allowOrigin, limiter, origin, sessionDirectory } = deps;

  router.options("/session/status", async (ctx) => {
    await allowOrigin(ctx);
    ctx.status = 204;
  });

  router.get("/session/status", async (ctx) => {
    await allowOrigin(ctx);
    if (bearerCaller.isPresent(ctx)) {
      await answerToken(ctx);
      return;
    }
    await limitRequests(ctx, limiter, BROWSER);
    const session = isFromElsewhere(ctx, origin) ? undefined : await deps.findCurrentSession(ctx);
    ctx.body = await describe(session);
  });

  router.post("/session/status", async (ctx) => {
    assertOwnPage(ctx, origin);
    await limitRequests(ctx, limiter, BROWSER);
    const current = await deps.findCurrentSession(ctx);
    const extended = current && (await deps.extendSession(current));
    if (extended !== undefined) deps.sessionCookie.extend(ctx, extended);
    ctx.body = await describe(extended);
  });

  async function describe(session: SessionFacts | undefined): Promise<unknown> {
    if (session === undefined) return INACTIVE;
    return describeToBrowser(await sessionDirectory.summarize(session));
  }

  async function answerToken(ctx: Context): Promise<void> {
    const token = await bearerCaller.find(ctx);
    await limitRequests(ctx, limiter, token?.clientId ?? UNKNOWN);
    if (token === undefined) {
      // An answer with a challenge (RFC 6750 §3), and yet one that a page can read as any other.
      bearerCaller.refuse(ctx, "invalid_token");
      ctx.status = 401;
      ctx.body = INACTIVE;
    } else if (bearerCaller.isManager(token)) {
      await answerManager(ctx);
    } else {
      ctx.body = await describeFor(token);
    }
  }

  async function describeFor(token: PresentedToken): Promise<unknown> {
    const session = await deps.findSessionOfToken(token);
    if (session === undefined) return INACTIVE;
    return describeToClient(await sessionDirectory.summarize(session), session, token);
  }

  /** `session`, `account` or `client` in the query says which. */
  async function answerManager(ctx: Context): Promise<void> {
    await bearerCaller.requireManager(ctx, "sessions:read");
    const { sessions, next } = await managedSessions(ctx.query, deps);
    const summaries = await Promise.all(sessions.map((each) => sessionDirectory.summarize(each)));
    ctx.body = {
      sessions: summaries.map(describeToManager),
      ...(next === undefined ? {} : { next }),
    };
  }
}

/** Client ids have no spaces at their ends, and these do. */
const BROWSER = " browser";
const UNKNOWN = " unknown";
