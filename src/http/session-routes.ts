import type Router from "@koa/router";
import type { AccountStore } from "../accounts/account-store.js";
import type { ClientStore } from "../clients/client-store.js";
import type { Audit } from "../lib/audit.js";
import type { Clock } from "../lib/clock.js";
import type { CreateRateLimiter } from "../lib/rate-limiter.js";
import type { Sessions } from "../oidc/create-sessions.js";
import type { FindPresentedToken } from "../oidc/presented-token.js";
import { createBearerCaller } from "./bearer-caller.js";
import { createAllowOrigin } from "./cross-origin.js";
import { addGlobalTokenRevocation } from "./global-token-revocation.js";
import { createSessionCookie } from "./session-cookie.js";
import { addSessionInvalidation } from "./session-invalidation.js";
import { addSessionStatus } from "./session-status.js";

export interface SessionRoutesDeps {
  readonly sessions: Sessions;
  readonly accounts: AccountStore;
  readonly clients: ClientStore;
  readonly findPresentedToken: FindPresentedToken;
  readonly createRateLimiter: CreateRateLimiter;
  readonly issuer: string;
  readonly managementApi: string;
  readonly sessionCookieName: string;
  readonly authorizationPost: boolean;
  /** For one client at one address. */
  readonly sessionStatusPerMinute: number;
  readonly clock: Clock;
  readonly audit: Audit;
}

/** What browsers, applications and programs of administrators ask of sessions. */
export function addSessionRoutes(router: Router, deps: SessionRoutesDeps): void {
  const { origin } = new URL(deps.issuer);
  const shared = {
    ...deps,
    ...deps.sessions,
    origin,
    bearerCaller: createBearerCaller(deps),
    sessionCookie: createSessionCookie({
      name: deps.sessionCookieName,
      isSentAcrossSites: deps.authorizationPost,
    }),
  };
  addSessionStatus(router, {
    ...shared,
    allowOrigin: createAllowOrigin(deps),
    limiter: deps.createRateLimiter({
      name: "session-status",
      times: deps.sessionStatusPerMinute,
      windowSeconds: 60,
    }),
  });
  addSessionInvalidation(router, shared);
  addGlobalTokenRevocation(router, shared);
}
