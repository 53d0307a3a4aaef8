import type Router from "@koa/router";
import { addPlaygroundRoutes } from "./playground/playground-routes.js";
import type { PlaygroundDeps } from "./playground/playground-deps.js";
import {
  addProtectedResourceRoute,
  type ProtectedResourceDeps,
} from "./protected-resource-route.js";

export type DevelopmentDeps = PlaygroundDeps & Omit<ProtectedResourceDeps, "identifier">;

/** What is there to try the server with, in development mode only. */
export function addDevelopmentRoutes(router: Router, deps: DevelopmentDeps): void {
  addProtectedResourceRoute(router, { ...deps, identifier: deps.resource });
  addPlaygroundRoutes(router, deps);
}
