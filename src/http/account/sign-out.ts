import type Router from "@koa/router";
import { ROUTES } from "../../oidc/routes.js";
import { renderSignOutElsewhere } from "../render-sign-out-elsewhere.js";
import type { AccountDeps } from "./account-deps.js";
import type { AccountGuard } from "./guard.js";

/** Ends the session in use, or with `everyone=yes` all that this browser holds. */
export function addSignOut(router: Router, deps: AccountDeps, guard: AccountGuard): void {
  const { browserAccounts, sessions, signedOutNotes, audit, basePath } = deps;
  const { sessionDirectory, endSessions } = sessions;

  router.post(
    "/account/sign-out",
    guard.signedIn(async (ctx, { current, fields }) => {
      const held = fields["everyone"] === "yes" ? await browserAccounts.list(ctx) : [current];
      const found = await Promise.all(held.map(({ uid }) => sessionDirectory.findByUid(uid)));
      const live = found.flatMap((session) => session ?? []);
      for (const session of live) {
        await endSessions.endSession(session, { reason: "person", includingOffline: false });
        const { accountId } = session;
        const requestId = String(ctx.state["requestId"]);
        audit({ event: "sign_out", outcome: "success", accountId, ip: ctx.ip, requestId });
      }
      browserAccounts.forgetCurrent(ctx);
      signedOutNotes.write(
        ctx,
        live.flatMap(({ clients }) => clients),
      );
      const next = `${basePath}${ROUTES.end_session}/success`;
      const elsewhere = await deps.upstreamSignOut.findElsewhere(current.uid, next);
      if (elsewhere !== undefined) return renderSignOutElsewhere(ctx, elsewhere, deps.render);
      ctx.status = 303;
      ctx.redirect(next);
    }),
  );
}
