import type Router from "@koa/router";
import { ROUTES } from "../../oidc/routes.js";
import type { UpstreamSignOut } from "../../oidc/upstream-sign-out.js";

export interface SignedOutRouteDeps {
  readonly upstreamSignOut: Pick<UpstreamSignOut, "openReturnAddress">;
  readonly basePath: string;
}

/**
 * Where a provider sends browsers after a sign-out there (`post_logout_redirect_uri`): on to where the
 * sign-out here had led to, or to our own page.
 */
export function addSignedOutRoute(
  router: Router,
  { upstreamSignOut, basePath }: SignedOutRouteDeps,
): void {
  router.get("/oauth/signed-out", (ctx) => {
    const { state } = ctx.query;
    const address =
      typeof state === "string" ? upstreamSignOut.openReturnAddress(state) : undefined;
    ctx.status = 303;
    ctx.redirect(address ?? `${basePath}${ROUTES.end_session}/success`);
  });
}
