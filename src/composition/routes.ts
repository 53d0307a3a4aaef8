import { Router } from "@koa/router";
import {
  PLAYGROUND_CLIENT_ID,
  protectedResourceIdentifier,
} from "../demonstration/create-demonstration.js";
import type { AccountChanges } from "../accounts/account-changes.js";
import { addDevelopmentRoutes } from "../http/development-routes.js";
import { createFormLimits } from "../http/form-limits.js";
import { createLimitAttempts } from "../http/limit-attempts.js";
import { createKnownDevices } from "../http/known-devices.js";
import { addHealthRoutes } from "../http/health-routes.js";
import { addPageRoutes } from "../http/page-routes.js";
import { addSessionRoutes } from "../http/session-routes.js";
import { addStatusListRoute } from "../http/status-list-route.js";
import { createOwnApiTokens } from "../oidc/own-api-tokens.js";
import { createRateLimiters } from "../storage/rate-limiter.js";
import type { Foundation } from "./foundation.js";
import { createAccountJourneys } from "./journeys.js";
import type { createLeavingAccounts } from "./leaving-accounts.js";
import type { Mail } from "./mail.js";
import { createOnSignedIn } from "./on-signed-in.js";
import { createOwnAccount } from "./own-account.js";
import { createOwnEmail } from "./own-email.js";
import type { Protocol, ProtocolParts } from "./protocol.js";
import { createUpstreamOutboundFetch } from "../oidc/outbound-fetch.js";

export interface RoutesParts extends ProtocolParts {
  readonly accountChanges: AccountChanges;
  readonly leavingAccounts: ReturnType<typeof createLeavingAccounts>;
  readonly mail: Mail;
  readonly protocol: Protocol;
}

/** What this server answers beside the library. */
export function createRoutes(foundation: Foundation, parts: RoutesParts) {
  const { config, database, redis, stores, secrets, issuer } = foundation;
  const { signIn, provePassword } = parts.passwords;
  const { browserAccounts, findDemand, interactions, running, sessions } = parts.protocol;
  const { upstreamSessionEnds, upstreamSignOut } = parts.protocol;
  const { provider, findLiveAccessToken, findPresentedToken } = running;
  const shared = { ...foundation, ...stores, render: parts.pages.render };
  const knownDevices = createKnownDevices({
    ...foundation,
    sealer: secrets.knownDevices,
    mac: secrets.attempts,
    revocations: parts.tokens.revocations,
    longestGrantSeconds: Math.max(config.grantSeconds, config.sessionAbsoluteSeconds),
  });
  const router = new Router();
  let draining = false;
  let playgroundSecret = "";

  addHealthRoutes(router, {
    stores: [database, ...(redis === undefined ? [] : [redis])],
    isDraining: () => draining,
  });
  addStatusListRoute(router, { ...shared, statusLists: parts.tokens.statusLists.publisher });
  addSessionRoutes(router, {
    ...config,
    ...shared,
    sessions,
    findPresentedToken,
    createRateLimiter: createRateLimiters(redis),
    sessionCookieName: provider.cookieName("session"),
  });
  const limitAttempts = createLimitAttempts({ ...parts, knownDevices });
  addPageRoutes(router, {
    ...shared,
    ...parts.federation,
    outboundFetch: createUpstreamOutboundFetch(config.outboundAllowedHosts),
    ...parts.mail,
    ...parts.secondStepParts,
    findDemand,
    ...createOwnAccount(foundation, parts),
    ...parts.passkeyParts,
    ...createOwnEmail(foundation, parts),
    ...parts.leavingAccounts,
    interactions,
    browserAccounts,
    sessions,
    signedOutNotes: running.signedOutNotes,
    browserSealer: secrets.browserNotes,
    upstreamSessionEnds,
    upstreamSignOut,
    signIn,
    provePassword,
    formMac: secrets.forms,
    knownDevices,
    limitAttempts,
    formLimits: createFormLimits({ ...parts, limitAttempts }),
    onSignedIn: createOnSignedIn({
      ...shared,
      ...parts.mail,
      ...parts.passkeyParts,
      browserSealer: secrets.browserNotes,
      knownDevices,
    }),
    ...createAccountJourneys(foundation, parts),
    terms: config.terms,
    theme: config.theme,
    minPasswordLength: config.passwordMinLength,
  });
  if (config.mode === "development") {
    const resource = protectedResourceIdentifier(issuer);
    addDevelopmentRoutes(router, {
      ...shared,
      ...parts.mail,
      mailFrom: config.mailFrom,
      hasOutbox: config.smtp === undefined,
      ...createOwnApiTokens(provider, findLiveAccessToken, resource),
      publicKeys: parts.tokens.keys.signingKeys.published,
      clientId: PLAYGROUND_CLIENT_ID,
      clientSecret: () => playgroundSecret,
      resource,
    });
  }

  return {
    router,
    /** The playground's client has a new secret at each start (`registerPlayground`). */
    setPlaygroundSecret: (secret: string) => {
      playgroundSecret = secret;
    },
    /** Readiness turns red; requests are still answered. */
    drain: () => {
      draining = true;
    },
  };
}
