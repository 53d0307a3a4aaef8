import type Router from "@koa/router";
import { ROUTES } from "../../oidc/routes.js";
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
      ctx.status = 303;
      ctx.redirect(`${basePath}${ROUTES.end_session}/success`);
    }),
  );
}
