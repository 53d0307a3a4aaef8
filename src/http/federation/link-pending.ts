import type { Context } from "koa";
import type { AccountId } from "../../accounts/account.js";
import { findUsable } from "../../federation/sign-in-choices.js";
import { noticeFacts } from "../account/notice-facts.js";
import type { InteractionRoutesDeps } from "../interaction-deps.js";
import { personOf } from "./pending-link.js";

/**
 * Links the identity that waits at an interaction, now that the owner of the account has proven all.
 * @returns false when nothing was linked: it was used, its provider is gone, or it is another account's.
 */
export type LinkPending = (
  ctx: Context,
  at: { readonly uid: string; readonly clientId: string },
  accountId: AccountId,
) => Promise<boolean>;

type LinkPendingDeps = Pick<
  InteractionRoutesDeps,
  "pendingLinks" | "upstreamProviders" | "linkIdentity" | "notify" | "audit"
>;

export function createLinkPending(deps: LinkPendingDeps): LinkPending {
  const { pendingLinks, upstreamProviders, linkIdentity, audit } = deps;
  return async (ctx, { uid, clientId }, accountId) => {
    const pending = pendingLinks.find(ctx, uid);
    if (pending === undefined || pending.accountId !== accountId) return false;
    const provider = await findUsable(upstreamProviders, pending.providerId);
    if (provider === undefined || !(await pendingLinks.use(ctx, uid))) return false;
    const { outcome } = await linkIdentity(accountId, personOf(pending), provider);
    const isLinked = outcome === "linked";
    audit({
      event: "identity.linked",
      outcome: isLinked ? "success" : "failure",
      reason: isLinked ? undefined : outcome,
      accountId,
      provider: provider.id,
      upstreamIssuer: pending.issuer,
      by: "proof",
      clientId,
      ip: ctx.ip,
      requestId: String(ctx.state["requestId"]),
    });
    if (isLinked) {
      const told = { ...noticeFacts(ctx), name: provider.displayName };
      await deps.notify(accountId, "identity_linked", told);
    }
    return isLinked;
  };
}
