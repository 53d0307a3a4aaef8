/**
 * `/account`: what people see and end of their own. Opened by their session at this server, without
 * an application between. Owns the pages and what may be done there; does not know how something is
 * ended (`oidc/end-sessions.ts`). Every post answers 303 or shows the same page again.
 */
import type Router from "@koa/router";
import type { Context } from "koa";
import { asWritten, message } from "../../lib/message.js";
import type { HeldSession } from "../../oidc/browser-accounts.js";
import type { ConnectedApp } from "../../oidc/connected-apps.js";
import type { SessionSummary } from "../../oidc/session-directory.js";
import { describeScopes } from "../../oidc/scope-words.js";
import { describeResources } from "../describe-resources.js";
import { addAccountActs } from "./account-acts.js";
import type { AccountDeps } from "./account-deps.js";
import { ACCOUNT_PAGES, createFrame } from "./account-frame.js";
import { addAccountUpstream } from "./account-upstream.js";
import { addOwnSecondStep } from "../second-step/own-second-step.js";
import { addAccountSecondStep } from "../second-step/account-second-step.js";
import { addAccountSignIn } from "./account-sign-in.js";
import type { AppRow, SignInRow } from "./account-views.js";
import { describeDevice, describePlace } from "./describe-device.js";
import { describeTime } from "./describe-time.js";
import { addEmailRoutes } from "./email/email-routes.js";
import { createAccountGuard } from "./guard.js";
import { addDataPage } from "./data-page.js";
import { leadWhoLeaves } from "./leaving.js";
import { createNotices } from "./notice.js";
import { addPasskeyPages } from "./passkey-pages.js";
import { addActivityPage } from "./activity-page.js";
import { addPasswordPage } from "./password-page.js";
import { addProfilePage } from "./profile-page.js";
import { addSecurityPage } from "./security-page.js";
import { addSignOut } from "./sign-out.js";

export function addAccountRoutes(router: Router, deps: AccountDeps): void {
  const { browserAccounts, sessions, resourceServers, render, clock, basePath } = deps;
  const { sessionDirectory, listApps } = sessions;
  const notices = createNotices(deps.browserSealer, `${basePath}/account`);
  const guard = createAccountGuard({ ...deps, notices });
  const frame = createFrame({ ...deps, notices });

  router.use("/account", leadWhoLeaves(deps.leaving, browserAccounts));

  router.get(ACCOUNT_PAGES["sign-ins"].path, async (ctx) => {
    const current = await browserAccounts.findCurrent(ctx);
    if (current === undefined) return guard.toSignIn(ctx, "sign-ins");
    return showSignIns(ctx, current);
  });

  router.get(ACCOUNT_PAGES.apps.path, async (ctx) => {
    const current = await browserAccounts.findCurrent(ctx);
    if (current === undefined) return guard.toSignIn(ctx, "apps");
    const apps = await listApps(current.account.id);
    render(ctx, "account/apps", {
      ...(await frame(ctx, current, { page: "apps" })),
      apps: await Promise.all(apps.map(describeApp)),
    });
  });

  addAccountSignIn(router, deps, guard);
  const acts = addAccountActs(router, { ...deps, guard, notices });
  addSecurityPage(router, { ...deps, guard, frame });
  addProfilePage(router, { ...deps, guard, frame, notices });
  addActivityPage(router, { ...deps, guard, frame });
  addPasswordPage(router, { ...deps, guard, frame, acts, notices });
  addPasskeyPages(router, { ...deps, guard, frame, acts, notices });
  addAccountSecondStep(router, { ...deps, guard, acts });
  addOwnSecondStep(router, { ...deps, guard, acts });
  addAccountUpstream(router, { ...deps, guard, acts, notices });
  addEmailRoutes(router, { ...deps, guard, frame, acts, notices });
  addDataPage(router, { ...deps, guard, frame, acts, notices });
  addSignOut(router, deps, guard);

  async function showSignIns(ctx: Context, current: HeldSession): Promise<void> {
    const live = await sessionDirectory.listSessions(current.account.id);
    const summaries = await Promise.all(live.map((each) => sessionDirectory.summarize(each)));
    const own = summaries.find(({ handle }) => handle === current.handle);
    // Ended between the two readings.
    if (own === undefined) return guard.toSignIn(ctx, "sign-ins");
    render(ctx, "account/sign-ins", {
      ...(await frame(ctx, current, { page: "sign-ins" })),
      current: describeSignIn(own),
      others: summaries
        .filter((each) => each !== own)
        .map((each) => ({ handle: each.handle, ...describeSignIn(each) })),
    });
  }

  function describeSignIn(summary: SessionSummary): SignInRow {
    const nowSeconds = clock.nowSeconds();
    return {
      device: describeDevice(summary.userAgent),
      place: describePlace(summary.network),
      lastUsed: describeTime(summary.lastSeenAtSeconds, nowSeconds),
      signedIn: describeTime(summary.signedInAtSeconds, nowSeconds),
      apps: summary.clients.map(({ name }) => name),
    };
  }

  async function describeApp(app: ConnectedApp): Promise<AppRow> {
    const { lastUsedAtSeconds: used, allowedAtSeconds: allowed } = app;
    const nowSeconds = clock.nowSeconds();
    const use =
      used === undefined
        ? message("account.app-unused")
        : message("account.app-used", { when: describeTime(used, nowSeconds) });
    const resources = await describeResources(resourceServers, app.resourceScopes);
    return {
      clientId: app.clientId,
      name: app.name,
      uri: app.clientUri,
      groups: [
        ...describeScopes(app.scopes, app.claims),
        ...resources.map(({ name, items }) => ({
          title: asWritten(name),
          items: items.map(asWritten),
        })),
      ],
      offline: app.offline,
      use:
        allowed === undefined
          ? use
          : message("account.app-use-allowed", { use, when: describeTime(allowed, nowSeconds) }),
    };
  }
}
