import type Router from "@koa/router";
import type { Context } from "koa";
import { toAccountId } from "../accounts/account.js";
import type { AccountStore } from "../accounts/account-store.js";
import type { ClientStore } from "../clients/client-store.js";
import type { Sessions } from "../oidc/create-sessions.js";
import type { EndedSession } from "../oidc/end-sessions.js";
import type { SessionFacts } from "../oidc/session-facts.js";
import type { BearerCaller } from "./bearer-caller.js";
import { notThere, parseSubject } from "./managed-sessions.js";
import { assertOwnPage } from "./own-browser.js";
import { parseInvalidation, type Invalidation } from "./parse-invalidation.js";
import { describeEnded, INACTIVE } from "./session-answers.js";
import type { SessionCookie } from "./session-cookie.js";

export interface SessionInvalidationDeps extends Sessions {
  readonly bearerCaller: BearerCaller;
  readonly accounts: Pick<AccountStore, "find">;
  readonly clients: Pick<ClientStore, "find">;
  readonly sessionCookie: SessionCookie;
  readonly origin: string;
}

/**
 * `POST /session/invalidate`: ends sessions, and what hangs on them. With the cookie those of one's own,
 * from a page of this server; with a token for the management API those of everybody.
 */
export function addSessionInvalidation(router: Router, deps: SessionInvalidationDeps): void {
  const { bearerCaller, endSessions, sessionDirectory, origin } = deps;

  router.post("/session/invalidate", async (ctx) => {
    if (bearerCaller.isPresent(ctx)) {
      await bearerCaller.requireManager(ctx, "sessions:end");
      ctx.body = { ended: describeEnded(await endManaged(await parseInvalidation(ctx))) };
      return;
    }
    assertOwnPage(ctx, origin);
    const asked = await parseInvalidation(ctx);
    const current = await deps.findCurrentSession(ctx);
    ctx.body = current === undefined ? INACTIVE : await endOwn(ctx, current, asked);
  });

  async function endOwn(ctx: Context, current: SessionFacts, asked: Invalidation) {
    const ended = await findAndEnd(current, asked);
    const isCurrentEnded = ended.some(
      ({ handle }) => handle === sessionDirectory.handleOf(current),
    );
    if (isCurrentEnded) deps.sessionCookie.clear(ctx);
    return { active: !isCurrentEnded, ended: describeEnded(ended) };
  }

  async function findAndEnd(current: SessionFacts, asked: Invalidation): Promise<EndedSession[]> {
    const { accountId } = current;
    if (asked.all) {
      const except = asked.keepCurrent ? current : undefined;
      const includingOffline = asked.offline ?? true;
      return endSessions.endAllOfAccount(accountId, { reason: "person", except, includingOffline });
    }
    const session =
      asked.session === undefined ? current : await sessionDirectory.findToEnd(asked.session);
    if (session?.accountId !== accountId) throw notThere("session");
    const includingOffline = asked.offline ?? false;
    return [await endSessions.endSession(session, { reason: "person", includingOffline })];
  }

  async function endManaged(asked: Invalidation): Promise<EndedSession[]> {
    const { kind, id } = parseSubject(asked);
    const reason = "administrator";
    if (kind === "session") {
      const session = await sessionDirectory.findToEnd(id);
      if (session === undefined) throw notThere("session");
      const includingOffline = asked.offline ?? false;
      return [await endSessions.endSession(session, { reason, includingOffline })];
    }
    if (kind === "account") {
      if ((await deps.accounts.find(toAccountId(id))) === undefined) throw notThere("account");
      const includingOffline = asked.offline ?? true;
      return endSessions.endAllOfAccount(id, { reason, includingOffline });
    }
    if ((await deps.clients.find(id)) === undefined) throw notThere("client");
    await endSessions.endAllOfClient(id, reason);
    return [];
  }
}
