import type { Context } from "koa";
import { toAccountId } from "../accounts/account.js";
import type { AccountStore } from "../accounts/account-store.js";
import type { HeldSession } from "../oidc/browser-accounts.js";
import type { ProviderPages } from "../oidc/provider-pages.js";
import { describeScopes } from "../oidc/scope-words.js";
import { describeAccount } from "./describe-account.js";
import type { Renderer } from "./render.js";
import { renderTooManyAttempts } from "./too-many-attempts.js";
import { renderOverloaded } from "./render-overloaded.js";
import { renderSignOutElsewhere } from "./render-sign-out-elsewhere.js";
import { uidOf } from "./uid-of.js";
import { allowFormReturn } from "./security-headers.js";
import { message } from "../lib/message.js";
import type { ErrorView } from "./views.js";

export interface ProviderPagesDeps {
  readonly accounts: AccountStore;
  /** Who is signed in at this browser. */
  readonly listHeld: (ctx: Context) => Promise<HeldSession[]>;
  readonly render: Renderer["render"];
  readonly basePath: string;
}

/** What an authorization error means to the person who sees it, by its OAuth code. */
const EXPLANATIONS: Record<string, Pick<ErrorView, "heading" | "explanation">> = {
  invalid_client: {
    heading: message("errors.client"),
    explanation: message("errors.client-why"),
  },
  invalid_redirect_uri: {
    heading: message("errors.return"),
    explanation: message("errors.return-why"),
  },
  invalid_request: {
    heading: message("errors.client-request"),
    explanation: message("errors.client-request-next"),
  },
  server_error: {
    heading: message("errors.server"),
    explanation: message("errors.server-next"),
  },
};

const OTHER = { heading: message("errors.other"), explanation: message("errors.other-next") };

const NOTHING_KNOWN = { told: [], untold: [], offline: [] };

/** The pages that the library asks for, in our templates. */
export function createProviderPages({
  accounts,
  listHeld,
  render,
  basePath,
}: ProviderPagesDeps): ProviderPages {
  return {
    async renderError(ctx, page) {
      if (page.lostInteraction) {
        // The page of the interaction knows how to go on.
        ctx.status = 303;
        ctx.redirect(`${basePath}/interaction/${uidOf(ctx)}`);
        return;
      }
      if (ctx.status === 503) {
        renderOverloaded(ctx, Number(ctx.response.get("Retry-After")) || undefined, render);
        return;
      }
      const words = EXPLANATIONS[page.error] ?? OTHER;
      const status = ctx.status >= 400 ? ctx.status : 400;
      const requestId = String(ctx.state["requestId"]);
      const wayOn = { href: `${basePath}/`, label: message("common.to-start-page") };
      const { error: errorCode, errorDescription } = page;
      render(ctx, "error", { ...words, errorCode, errorDescription, requestId, wayOn }, status);
    },

    async renderLogout(ctx, page) {
      const accountId = ctx.oidc.session?.accountId;
      const account =
        accountId === undefined ? undefined : await accounts.find(toAccountId(accountId));
      const returnTo = ctx.oidc.session?.state?.["postLogoutRedirectUri"];
      allowFormReturn(ctx, typeof returnTo === "string" ? returnTo : undefined);
      render(ctx, "logout", { ...page, account: account?.username });
    },

    async renderSignedOut(ctx, { effects, ...page }) {
      const held = await listHeld(ctx);
      // The library names the client of a person who chose to stay.
      const stayed = effects === undefined && page.clientName !== undefined && held.length > 0;
      render(ctx, "signed-out", {
        ...page,
        stayed,
        effects: effects ?? NOTHING_KNOWN,
        stillHere: held.map(({ account }) => describeAccount(account).name),
        accountUrl: `${basePath}/account`,
      });
    },

    async renderSignOutElsewhere(ctx, page) {
      renderSignOutElsewhere(ctx, page, render);
    },

    async renderUserCodeInput(ctx, { action, xsrf, userCode, problem }) {
      if (problem === "refused") {
        render(ctx, "device-done", { clientName: undefined, outcome: "refused" });
        return;
      }
      if (problem === "too_many") {
        renderTooManyAttempts(ctx, render, `${basePath}/device`);
        return;
      }
      const error = problem === undefined ? undefined : message(`device.problem-${problem}`);
      const data = { action, xsrf, userCode, error };
      render(ctx, "device-code", data, problem === undefined ? 200 : 422);
    },

    async renderUserCodeConfirm(ctx, { scopes, requestedAtSeconds, ...page }) {
      const items = describeScopes(scopes, []).flatMap((group) => group.items);
      const requestedAt = message("common.ago", {
        when: { atSeconds: requestedAtSeconds, show: "date-time" },
      });
      render(ctx, "device-confirm", { ...page, requestedAt, scopes: items });
    },

    async renderDeviceDone(ctx, { clientName }) {
      render(ctx, "device-done", { clientName, outcome: "connected" });
    },

    async renderSessionLost(ctx) {
      // Tells a browser that blocks cookies from one that merely has none of ours left.
      ctx.status = 303;
      ctx.redirect(`${basePath}/cookies/probe`);
    },

    allowFormReturn,
  };
}
