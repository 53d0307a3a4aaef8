import type Router from "@koa/router";
import { addOutboxRoutes, type OutboxDeps } from "./development/outbox-routes.js";
import { addPlaygroundRoutes } from "./playground/playground-routes.js";
import type { PlaygroundDeps } from "./playground/playground-deps.js";
import {
  addProtectedResourceRoute,
  type ProtectedResourceDeps,
} from "./protected-resource-route.js";

export type DevelopmentDeps = PlaygroundDeps &
  Omit<ProtectedResourceDeps, "identifier"> &
  OutboxDeps & {
    /** Mail is kept, and not sent. */
    readonly hasOutbox: boolean;
  };

/** What is there to try the server with, in development mode only. */
export function addDevelopmentRoutes(router: Router, deps: DevelopmentDeps): void {
  addProtectedResourceRoute(router, { ...deps, identifier: deps.resource });
  addPlaygroundRoutes(router, deps);
  if (deps.hasOutbox) addOutboxRoutes(router, deps);
}
