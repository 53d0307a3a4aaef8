import type Router from "@koa/router";
import type { AccountDeps } from "../account-deps.js";
import type { AccountActs } from "../account-acts.js";
import type { createFrame } from "../account-frame.js";
import type { AccountGuard } from "../guard.js";
import type { Notices } from "../notice.js";
import { addEmailCode } from "./email-code.js";
import { addEmailLink } from "./email-link.js";
import { addEmailPage } from "./email-page.js";
import { addNotMeRoutes } from "./not-me-routes.js";

export interface EmailRoutesDeps extends AccountDeps {
  readonly guard: AccountGuard;
  readonly frame: ReturnType<typeof createFrame>;
  readonly acts: AccountActs;
  readonly notices: Notices;
}

/** All that mail to the person is needed for; none of it where no mail can be sent. */
export function addEmailRoutes(router: Router, deps: EmailRoutesDeps): void {
  const { changeEmail, notMe } = deps;
  if (changeEmail === undefined || notMe === undefined) return;
  const leadToCode = addEmailCode(router, { ...deps, changeEmail });
  addEmailPage(router, { ...deps, changeEmail, leadToCode });
  addEmailLink(router, { ...deps, changeEmail });
  addNotMeRoutes(router, { ...deps, notMe });
}
