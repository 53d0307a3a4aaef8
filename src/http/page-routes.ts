import type Router from "@koa/router";
import type { Mac } from "../lib/seal.js";
import { addCookieCheckRoutes } from "./cookie-check-routes.js";
import { createFormGuard } from "./form-guard.js";
import { addHomeRoute, type HomeDeps } from "./home-route.js";
import type { InteractionRoutesDeps } from "./interaction-deps.js";
import { addInteractionRoutes } from "./interaction-routes.js";

export interface PageDeps extends Omit<InteractionRoutesDeps, "formGuard">, HomeDeps {
  readonly formMac: Mac;
}

/** What people see that the library does not ask for. */
export function addPageRoutes(router: Router, deps: PageDeps): void {
  const formGuard = createFormGuard(deps.formMac, deps.issuer);
  addHomeRoute(router, deps);
  addCookieCheckRoutes(router, deps);
  addInteractionRoutes(router, { ...deps, formGuard });
}
