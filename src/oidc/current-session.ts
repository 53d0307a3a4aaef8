import type { Context } from "koa";
import { toAccountId } from "../accounts/account.js";
import type { AccountStore } from "../accounts/account-store.js";
import type { CookieSignatures } from "../lib/cookie-signatures.js";
import { createIdAtRest } from "./id-at-rest.js";
import type { IsEnded } from "./is-ended.js";
import { MODEL_RULES } from "./model-rules.js";
import type { ModelStore } from "./model-store.js";
import type { ModelValues } from "./model-values.js";
import { readSession, type SessionFacts } from "./session-facts.js";

/**
 * The session of the browser that sends a request, by its cookie; looking does not extend it.
 *
 * @returns undefined when nobody is signed in, for whatever reason: no cookie, one that this server did
 *   not sign, a session that ended, an account that may not sign in any more.
 */
export type FindCurrentSession = (ctx: Context) => Promise<SessionFacts | undefined>;

export interface CurrentSessionDeps {
  readonly sessionCookie: string;
  readonly cookieSignatures: Pick<CookieSignatures, "verify">;
  readonly models: Pick<ModelStore, "find">;
  readonly accounts: Pick<AccountStore, "find">;
  readonly values: ModelValues;
  readonly isEnded: Pick<IsEnded, "session">;
}

export function createFindCurrentSession(deps: CurrentSessionDeps): FindCurrentSession {
  const { sessionCookie, models, accounts, isEnded } = deps;
  const atRest = createIdAtRest("Session", deps.values);

  /** Koa's own check answers a signature that is wrong by deleting it: a hint what was wrong. */
  function readCookie({ cookies }: Context): string | undefined {
    const value = cookies.get(sessionCookie, { signed: false });
    const signature = cookies.get(`${sessionCookie}.sig`, { signed: false });
    if (value === undefined || signature === undefined) return undefined;
    return deps.cookieSignatures.verify(`${sessionCookie}=${value}`, signature) ? value : undefined;
  }

  return async (ctx) => {
    const value = readCookie(ctx);
    if (value === undefined || value.length !== MODEL_RULES.Session.length) return undefined;
    const id = atRest(value);
    const payload = await models.find("Session", id);
    const session = payload && readSession({ id, payload });
    if (payload === undefined || session === undefined) return undefined;
    if (await isEnded.session(payload)) return undefined;
    const account = await accounts.find(toAccountId(session.accountId));
    return account?.disabled === false ? session : undefined;
  };
}
