import type { Next } from "koa";
import type { KoaContextWithOIDC } from "oidc-provider";
import { withholdCookie } from "./withhold-cookie.js";
import { beginUnitOfWork, type UnitOfWorkDeps } from "./unit-of-work.js";

/** Adds to an answer of the library, of whichever route, before it leaves. */
export type FinishAnswer = (ctx: KoaContextWithOIDC) => Promise<void> | void;

/**
 * What surrounds every request of the library: one unit of work, whose writes are in the store before
 * the answer leaves, and then what we add to the answer. In one middleware, since each costs every
 * request.
 */
export function createFinishAnswers(
  deps: UnitOfWorkDeps & { readonly sessionCookie: string },
  finishing: readonly FinishAnswer[],
) {
  return async (ctx: KoaContextWithOIDC, next: Next): Promise<void> => {
    const unit = beginUnitOfWork(ctx, deps);
    try {
      await next();
      await unit.commit();
    } finally {
      // The session that the browser has is still there.
      if (unit.session.isUnwritten()) withholdCookie(ctx, deps.sessionCookie);
    }
    for (const finish of finishing) {
      // Most have nothing to wait for.
      const finished = finish(ctx);
      if (finished !== undefined) await finished;
    }
  };
}
