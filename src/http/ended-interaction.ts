import type { Context } from "koa";
import { clientName } from "../oidc/client-name.js";
import type { SealedRequest } from "../oidc/sealed-request.js";
import { readSealedRequestCookie } from "./sealed-request-cookie.js";
import type { InteractionRoutesDeps } from "./interaction-deps.js";
import { redirectUri } from "./return-address.js";
import { allowFormReturn } from "./security-headers.js";
import { message } from "../lib/message.js";
import { rememberUiLocales } from "./language-of.js";

/** The ways on when an interaction is gone: expired, done, or begun in another browser. */
export interface EndedInteraction {
  /** For a page that was asked for: reload, Back, a bookmark, another tab that finished. */
  show(ctx: Context, uid: string): Promise<void>;
  /** Starts the same request anew; without a copy of it, says so. */
  restart(ctx: Context, sealed: SealedRequest | undefined, prompt?: string): Promise<void>;
  /**
   * Back to the application of a request that was answered: by its own start of a sign-in (OpenID
   * Connect Core §4) where it registered one, since it may have used up the request's `state`.
   */
  goOn(ctx: Context, sealed: SealedRequest | undefined): Promise<void>;
  refuseForgery(ctx: Context, uid: string): void;
  /** Finds out whether the browser keeps cookies at all. */
  probeCookies(ctx: Context): void;
}

export type EndedInteractionDeps = Pick<
  InteractionRoutesDeps,
  "interactions" | "browserAccounts" | "render" | "basePath" | "issuer"
>;

export function createEndedInteraction({
  interactions,
  browserAccounts,
  render,
  basePath,
  issuer,
}: EndedInteractionDeps): EndedInteraction {
  async function show(ctx: Context, uid: string): Promise<void> {
    const copy = readSealedRequestCookie(ctx);
    const sealed = copy === undefined ? undefined : interactions.openSealed(copy);
    if (copy === undefined && ctx.get("Cookie") === "") return probeCookies(ctx);
    if (copy === undefined || sealed === undefined) return renderEnded(ctx);
    rememberUiLocales(ctx, sealed.params);

    const current = await browserAccounts.findCurrent(ctx);
    // Nobody signed in: the interaction expired, and nobody needs to notice.
    if (current === undefined) return restart(ctx, sealed);
    allowFormReturn(ctx, redirectUri(sealed.params));
    render(ctx, "already-signed-in", {
      account: current.account.username,
      clientName: clientName(await interactions.findClient(sealed.clientId)),
      continueAction: `${basePath}/interaction/${uid}/continue`,
      sealedRequest: copy,
    });
  }

  async function restart(
    ctx: Context,
    sealed: SealedRequest | undefined,
    prompt?: string,
  ): Promise<void> {
    if (sealed === undefined) return renderEnded(ctx);
    const url = await interactions.restart(sealed, prompt);
    ctx.status = 303;
    ctx.redirect(url);
  }

  async function goOn(ctx: Context, sealed: SealedRequest | undefined): Promise<void> {
    const client =
      sealed === undefined ? undefined : await interactions.findClient(sealed.clientId);
    if (client?.initiateLoginUri === undefined) return restart(ctx, sealed);
    const url = new URL(client.initiateLoginUri);
    url.searchParams.set("iss", issuer);
    ctx.status = 303;
    ctx.redirect(url.href);
  }

  function renderEnded(ctx: Context): void {
    const requestId = String(ctx.state["requestId"]);
    render(ctx, "interaction-ended", { requestId }, 410);
  }

  function probeCookies(ctx: Context): void {
    ctx.status = 303;
    ctx.redirect(`${basePath}/cookies/probe`);
  }

  return {
    show,
    restart,
    goOn,
    probeCookies,
    refuseForgery(ctx, uid) {
      render(
        ctx,
        "error",
        {
          heading: message("common.form-foreign"),
          explanation: message("errors.form-other-browser"),
          errorCode: undefined,
          errorDescription: undefined,
          requestId: String(ctx.state["requestId"]),
          wayOn: { href: `${basePath}/interaction/${uid}`, label: message("errors.open-again") },
        },
        403,
      );
    },
  };
}
