import type Router from "@koa/router";
import type { Mac, Sealer } from "../lib/seal.js";
import type { AccountDeps } from "./account/account-deps.js";
import { createLeaving } from "./account/leaving.js";
import { addAccountRoutes } from "./account/account-routes.js";
import { addCookieCheckRoutes } from "./cookie-check-routes.js";
import { createFormGuard } from "./form-guard.js";
import { addHomeRoute, type HomeDeps } from "./home-route.js";
import type { InteractionRoutesDeps } from "./interaction-deps.js";
import { createEndedInteraction } from "./ended-interaction.js";
import { createArrive } from "./federation/upstream-arrival.js";
import { addUpstreamCallback } from "./federation/upstream-callback.js";
import { createUpstreamCookie } from "./federation/upstream-cookie.js";
import { createUpstreamFailures } from "./federation/upstream-failures.js";
import { addBackChannelLogout, type UpstreamLogoutDeps } from "./federation/back-channel-logout.js";
import { addSignedOutRoute, type SignedOutRouteDeps } from "./federation/signed-out-route.js";
import { addUpstreamRoutes } from "./federation/upstream-routes.js";
import { createUpstreamSignIns, type UpstreamSignInsDeps } from "./federation/upstream-sign-ins.js";
import { addInteractionRoutes } from "./interaction-routes.js";
import {
  createPasskeyCeremonies,
  type PasskeyCeremoniesDeps,
} from "./passkeys/passkey-ceremonies.js";
import { addJourneyRoutes, type JourneyRoutesDeps } from "./journey-routes.js";
import { addLanguageRoute } from "./language-links.js";
import { createLinkPending } from "./federation/link-pending.js";
import { isFresh } from "./account/is-fresh.js";
import { createSecondStepPages } from "./second-step/second-step-pages.js";
import { addPasskeyOffer } from "./passkeys/passkey-offer.js";
import { createSignInHub, type OnSignedIn } from "./sign-in-hub.js";
import {
  addClientColourRoute,
  createFindAccentUrl,
  type ClientColoursDeps,
} from "./client-colours.js";
import { addClientLogoRoute, type ClientLogosDeps } from "./client-logos.js";

export interface PageDeps
  extends
    Omit<InteractionRoutesDeps & AccountDeps & SignedOutRouteDeps & JourneyRoutesDeps, MadeHere>,
    Omit<UpstreamSignInsDeps, "cookie" | "upstreamProviders">,
    Omit<UpstreamLogoutDeps, "upstreamProviders">,
    Omit<PasskeyCeremoniesDeps, "formGuard" | "passkeys">,
    Omit<ClientLogosDeps, "interactions">,
    Pick<ClientColoursDeps, "theme">,
    HomeDeps {
  readonly formMac: Mac;
  readonly onSignedIn: readonly OnSignedIn[];
  readonly secondStepSealer: Sealer;
}

type MadeHere =
  | "findAccentUrl"
  | "formGuard"
  | "passkeyCeremonies"
  | "signInHub"
  | "leaving"
  | "signUpStart"
  | "resetStart"
  | "asides"
  | "upstreamSignIns"
  | "upstreamFailures"
  | "ended"
  | keyof ReturnType<typeof createSecondStepPages>;

/** What people see that the library does not ask for. */
export function addPageRoutes(router: Router, deps: PageDeps): void {
  const formGuard = createFormGuard(deps.formMac, deps.issuer);
  addHomeRoute(router, deps);
  addLanguageRoute(router, deps);
  addClientLogoRoute(router, deps);
  addClientColourRoute(router, deps);
  addCookieCheckRoutes(router, deps);
  const ended = createEndedInteraction(deps);
  const leaving = createLeaving(deps);
  const passkeyCeremonies = createPasskeyCeremonies({ ...deps, formGuard });
  const secondStepParts = createSecondStepPages(deps);
  const signInHub = createSignInHub({
    ...deps,
    ...secondStepParts,
    ended,
    leaving,
    linkPending: createLinkPending(deps),
    isFresh: (atSeconds) => isFresh(atSeconds, deps.clock),
  });
  const asides = addJourneyRoutes(router, {
    ...deps,
    formGuard,
    signInHub,
    passkeyCeremonies,
    ended,
  });
  addInteractionRoutes(router, {
    ...deps,
    ...secondStepParts,
    ...asides,
    findAccentUrl: createFindAccentUrl(deps),
    formGuard,
    passkeyCeremonies,
    signInHub,
  });
  const upstreamDeps = {
    ...deps,
    ...secondStepParts,
    signInHub,
    leaving,
    passkeyCeremonies,
    upstreamSignIns: createUpstreamSignIns({ ...deps, cookie: createUpstreamCookie(deps.issuer) }),
    upstreamFailures: createUpstreamFailures(deps),
    ended,
    arrive: createArrive({ ...deps, signInHub }),
  };
  addUpstreamCallback(router, upstreamDeps);
  addUpstreamRoutes(router, upstreamDeps);
  addPasskeyOffer(router, { ...deps, formGuard, passkeyCeremonies });
  addAccountRoutes(router, { ...upstreamDeps, formGuard, asides });
  addBackChannelLogout(router, deps);
  addSignedOutRoute(router, deps);
}
