import type { Context } from "koa";
import { toAccountId } from "../accounts/account.js";
import type { AccountStore } from "../accounts/account-store.js";
import type { HeldSession } from "../oidc/browser-accounts.js";
import type { ProviderPages, UserCodeInputPage } from "../oidc/provider-pages.js";
import { describeScopes } from "../oidc/scope-words.js";
import { describeAccount } from "./describe-account.js";
import type { Renderer } from "./render.js";
import { renderTooManyAttempts } from "./too-many-attempts.js";
import { renderOverloaded } from "./render-overloaded.js";
import { renderSignOutElsewhere } from "./render-sign-out-elsewhere.js";
import { uidOf } from "./uid-of.js";
import { allowFormReturn } from "./security-headers.js";

export interface ProviderPagesDeps {
  readonly accounts: AccountStore;
  /** Who is signed in at this browser. */
  readonly listHeld: (ctx: Context) => Promise<HeldSession[]>;
  readonly render: Renderer["render"];
  readonly basePath: string;
}

const USER_CODE_PROBLEMS: Record<NonNullable<UserCodeInputPage["problem"]>, string> = {
  missing: "Enter the code that your device shows.",
  unknown: "This code is not known. Check it and try again.",
  expired: "This code has expired. Start again on your device to get a new one.",
  used: "This code has been used. Start again on your device to get a new one.",
  refused: "",
  too_many: "",
  failed: "This did not work. Enter the code again.",
};

/** Where the person is nobody knows, so the zone is named. */
const TIME = new Intl.DateTimeFormat("en", {
  dateStyle: "long",
  timeStyle: "short",
  timeZone: "UTC",
});

/** What an authorization error means to the person who sees it, by its OAuth code. */
const EXPLANATIONS: Record<string, { heading: string; explanation: string }> = {
  invalid_client: {
    heading: "This application is not known here",
    explanation: "It may have been removed, or the link that led here is wrong.",
  },
  invalid_redirect_uri: {
    heading: "This application asked to return to an address that it has not registered",
    explanation:
      "To protect you, nothing was sent there. The people who run it can put this right.",
  },
  invalid_request: {
    heading: "The application sent a request that cannot be answered",
    explanation: "Go back to it and try again. If this happens again, tell the people who run it.",
  },
  server_error: {
    heading: "Something went wrong on our side",
    explanation: "Nothing was lost. Please try again in a moment.",
  },
};

const OTHER = {
  heading: "The request could not be completed",
  explanation: "Go back to the application and try again.",
};

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
      const wayOn = { href: `${basePath}/`, label: "Go to the start page" };
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
        render(ctx, "device-done", { clientName: "The device", outcome: "refused" });
        return;
      }
      if (problem === "too_many") {
        renderTooManyAttempts(ctx, render, `${basePath}/device`);
        return;
      }
      const error = problem === undefined ? undefined : USER_CODE_PROBLEMS[problem];
      const data = { action, xsrf, userCode, error };
      render(ctx, "device-code", data, problem === undefined ? 200 : 422);
    },

    async renderUserCodeConfirm(ctx, { scopes, requestedAtSeconds, ...page }) {
      const items = describeScopes(scopes, []).flatMap((group) => group.items);
      const requestedAt = `${TIME.format(requestedAtSeconds * 1000)} UTC`;
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
