import type Router from "@koa/router";
import type { ResetPassword } from "../accounts/reset-password.js";
import type { SignUp } from "../accounts/sign-up.js";
import { createJourneyGuard } from "./journey-guard.js";
import { createJourneys, type JourneysDeps } from "./journeys.js";
import type { ResetDeps } from "./reset/reset-deps.js";
import { addResetRoutes } from "./reset/reset-routes.js";
import type { ResetStart } from "./reset/reset-start.js";
import type { SignUpDeps } from "./sign-up/sign-up-deps.js";
import { addSignUpRoutes } from "./sign-up/sign-up-routes.js";
import type { SignUpStart } from "./sign-up/sign-up-start.js";
import { createWaysBack, type WaysBackDeps } from "./way-back.js";

export interface JourneyRoutesDeps
  extends
    JourneysDeps,
    WaysBackDeps,
    Omit<SignUpDeps, "signUp" | MadeHere>,
    Omit<ResetDeps, "resetPassword" | MadeHere> {
  /** Undefined: nobody can make an account for themselves. */
  readonly signUp: SignUp | undefined;
  /** Undefined: no mail can be sent. */
  readonly resetPassword: ResetPassword | undefined;
}

type MadeHere = "journeys" | "journeyGuard" | "waysBack";

/** What the sign-in offers to who cannot sign in. */
export interface SignInAsides {
  readonly signUpStart: SignUpStart | undefined;
  readonly resetStart: ResetStart | undefined;
}

/** Sign-up and reset, where they are on. */
export function addJourneyRoutes(router: Router, deps: JourneyRoutesDeps): SignInAsides {
  const { signUp, resetPassword } = deps;
  const shared = {
    ...deps,
    journeyGuard: createJourneyGuard(deps),
    waysBack: createWaysBack(deps),
  };
  return {
    signUpStart:
      signUp === undefined
        ? undefined
        : addSignUpRoutes(router, { ...shared, signUp, journeys: createJourneys(deps, "sign-up") }),
    resetStart:
      resetPassword === undefined
        ? undefined
        : addResetRoutes(router, {
            ...shared,
            resetPassword,
            journeys: createJourneys(deps, "reset"),
          }),
  };
}
