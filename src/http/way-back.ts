import type { Context } from "koa";
import { clientName } from "../oidc/client-name.js";
import type { Authentication } from "../oidc/browser-accounts.js";
import type { Interactions } from "../oidc/interactions.js";
import type { SealedRequest } from "../oidc/sealed-request.js";
import { ACCOUNT_PAGES, parseAccountPage } from "./account/account-frame.js";
import type { EndedInteraction } from "./ended-interaction.js";
import type { FormGuard } from "./form-guard.js";
import { redirectUri } from "./return-address.js";
import { readSealedRequestCookie, setSealedRequestCookie } from "./sealed-request-cookie.js";
import { allowFormReturn } from "./security-headers.js";
import { promptWithout, withoutSignIn, type SignInHub } from "./sign-in-hub.js";
import { rememberUiLocales } from "./language-of.js";

/** Where a journey began, and so where it leads in the end. */
export interface WayBack {
  /** Of the interaction. Undefined: it began at the account's own pages. */
  readonly uid?: string | undefined;
  /** The page of the account. */
  readonly to: string;
  /** Proves to the browser that began it that it is the one. */
  readonly browser: string;
}

/** With a sealed copy of the authorization request, which is too long to be in one cookie with it. */
export interface PortableWayBack extends WayBack {
  readonly sealedRequest?: string | undefined;
}

export interface KnownWayBack {
  readonly request: SealedRequest | undefined;
  readonly client: Awaited<ReturnType<Interactions["findClient"]>>;
  readonly clientName: string | undefined;
  /** Began in this very browser: an application knows its request in no other. */
  readonly isHere: boolean;
}

export interface WaysBack {
  /** @param id of the journey. */
  begin(ctx: Context, id: string, from: { uid?: string; to?: string }): WayBack;
  /** Puts the request into a cookie of the journey's path. */
  keepRequest(ctx: Context, path: string, sealedRequest: string | undefined): void;
  /** What a journey in this browser kept. */
  portable(ctx: Context, wayBack: WayBack): PortableWayBack;
  know(ctx: Context, id: string, wayBack: WayBack): Promise<KnownWayBack>;
  /** Signs in and leads to where it began. */
  signIn(ctx: Context, wayBack: WayBack, proven: Authentication): Promise<void>;
  /** Signs in and leads to a page of ours. */
  signInAt(ctx: Context, path: string, proven: Authentication): Promise<void>;
  /** Back to the application, as whoever is signed in. */
  goOn(ctx: Context): Promise<void>;
  /** Leads to the page that signs in for what was begun, with `identifier` filled in. */
  toSignIn(
    ctx: Context,
    journey: { readonly id: string; readonly wayBack: WayBack; readonly identifier: string },
  ): Promise<void>;
}

export interface WaysBackDeps {
  readonly interactions: Pick<Interactions, "openSealed" | "findClient">;
  readonly ended: Pick<EndedInteraction, "restart" | "goOn">;
  readonly signInHub: SignInHub;
  readonly formGuard: FormGuard;
  readonly basePath: string;
}

export function createWaysBack(deps: WaysBackDeps): WaysBack {
  const { interactions, ended, signInHub, formGuard, basePath } = deps;
  const purposeOf = (id: string) => `journey.${id}`;

  function requestOf(ctx: Context): SealedRequest | undefined {
    const request = interactions.openSealed(readSealedRequestCookie(ctx) ?? "");
    if (request !== undefined) rememberUiLocales(ctx, request.params);
    return request;
  }

  function isHere(ctx: Context, id: string, { browser }: WayBack): boolean {
    return formGuard.issue(ctx, purposeOf(id)) === browser;
  }

  /** @param path below the issuer. */
  function lead(ctx: Context, path: string): void {
    ctx.status = 303;
    ctx.redirect(basePath + path);
  }

  function signInTo(ctx: Context, path: string, proven: Authentication): Promise<void> {
    const place = { kind: "account", path } as const;
    return signInHub.completeAccountSignIn(ctx, { place, goOn: () => lead(ctx, path) }, proven);
  }

  return {
    begin: (ctx, id, { uid, to }) => ({
      uid,
      to: parseAccountPage(to),
      browser: formGuard.issue(ctx, purposeOf(id)),
    }),

    keepRequest(ctx, path, sealedRequest) {
      if (sealedRequest !== undefined && sealedRequest !== "") {
        setSealedRequestCookie(ctx, path, sealedRequest);
      }
    },

    portable(ctx, wayBack) {
      return { ...wayBack, sealedRequest: readSealedRequestCookie(ctx) };
    },

    async know(ctx, id, wayBack) {
      const request = requestOf(ctx);
      const client =
        request === undefined ? undefined : await interactions.findClient(request.clientId);
      // The forms of the page lead to the application.
      if (request !== undefined) allowFormReturn(ctx, redirectUri(request.params));
      return {
        request,
        client,
        clientName: client === undefined ? undefined : clientName(client),
        isHere: isHere(ctx, id, wayBack),
      };
    },

    async signIn(ctx, { uid, to }, proven) {
      const request = requestOf(ctx);
      if (request !== undefined) {
        const at = { uid: uid ?? "", interaction: undefined, request };
        return signInHub.completeSignIn(ctx, at, proven);
      }
      // A device's request, or one too long to be sealed, goes on at its own page.
      const path = uid === undefined ? accountPath(to) : `/interaction/${uid}`;
      return signInTo(ctx, path, proven);
    },

    signInAt: signInTo,

    async goOn(ctx) {
      const request = requestOf(ctx);
      if (request === undefined) return lead(ctx, "/account");
      const params = { ...request.params, prompt: withoutSignIn(request) };
      return ended.goOn(ctx, { ...request, params });
    },

    async toSignIn(ctx, { id, wayBack, identifier }) {
      const { uid, to } = wayBack;
      const request = isHere(ctx, id, wayBack) ? requestOf(ctx) : undefined;
      if (request !== undefined) {
        const params = { ...request.params, login_hint: identifier };
        return ended.restart(ctx, { ...request, params }, promptWithout(request, ["create"]));
      }
      if (uid !== undefined && isHere(ctx, id, wayBack)) {
        return lead(ctx, `/interaction/${uid}/sign-in`);
      }
      const query = new URLSearchParams({ to, identifier });
      return lead(ctx, `/account/sign-in?${query.toString()}`);
    },
  };
}

function accountPath(to: string): string {
  return ACCOUNT_PAGES[parseAccountPage(to)].path;
}
