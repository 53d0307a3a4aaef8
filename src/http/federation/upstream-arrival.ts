import type { Context } from "koa";
import type { Account } from "../../accounts/account.js";
import type { FederatedSignInResult } from "../../accounts/federated-sign-in.js";
import { message } from "../../lib/message.js";
import type { ActiveInteraction } from "../../oidc/interactions.js";
import type { InteractionRoutesDeps } from "../interaction-deps.js";
import { noticeFacts } from "../account/notice-facts.js";
import { leadOnInLanguage } from "../language-links.js";
import { requestOf } from "../sign-in-hub.js";
import { rememberLastProvider } from "./last-provider-cookie.js";
import { describeRefusal } from "./refusal-words.js";
import type { UpstreamArrival } from "./upstream-sign-ins.js";

/** Signs in whoever came back from a provider, asks for proof, or says why not. */
export type Arrive = (
  ctx: Context,
  interaction: ActiveInteraction,
  arrival: UpstreamArrival,
) => Promise<void>;

export type ArriveDeps = Pick<
  InteractionRoutesDeps,
  | "federatedSignIn"
  | "pendingLinks"
  | "signInHub"
  | "render"
  | "notify"
  | "audit"
  | "basePath"
  | "clock"
>;

/** What one arrival is about. */
interface Visit extends UpstreamArrival {
  readonly ctx: Context;
  readonly interaction: ActiveInteraction;
  /** Before anything was read of the account. */
  readonly signedInAtSeconds: number;
}

export function createArrive(deps: ArriveDeps): Arrive {
  const { federatedSignIn, pendingLinks, signInHub, basePath } = deps;

  async function goOn(visit: Visit, account: Account, by: string): Promise<void> {
    const { ctx, interaction, provider, identity } = visit;
    // The proof that another identity waits for may be given through a provider, too.
    const links = pendingLinks.find(ctx, interaction.uid)?.accountId === account.id;
    if (!links) pendingLinks.drop(ctx, interaction.uid);
    rememberLastProvider(ctx, provider.id);
    tell(visit, { event: "sign_in", accountId: account.id, by });
    const { providerId, issuer, subject, sid } = identity;
    const { acr, amr, authTimeSeconds } = identity.authentication;
    const at = { uid: interaction.uid, interaction, request: requestOf(interaction), links };
    await signInHub.completeSignIn(ctx, at, {
      accountId: account.id,
      acr,
      amr,
      keep: false,
      signedInAtSeconds: visit.signedInAtSeconds,
      upstream: { providerId, issuer, subject, sid, authTimeSeconds },
      upstreamIdToken: identity.idToken,
    });
  }

  function askForProof(visit: Visit, account: Account): void {
    const { ctx, interaction, provider, identity } = visit;
    const { issuer, subject } = identity;
    const { email, username } = identity.claims;
    pendingLinks.begin(ctx, interaction.uid, {
      providerId: provider.id,
      issuer,
      subject,
      email,
      username,
      accountId: account.id,
    });
    tell(visit, { event: "sign_in", accountId: account.id, reason: "must_prove" });
    ctx.status = 303;
    ctx.redirect(`${basePath}/interaction/${interaction.uid}/link`);
  }

  function refuse(
    visit: Visit,
    { reason, accountId }: Extract<FederatedSignInResult, { outcome: "refused" }>,
  ): void {
    const { ctx, interaction, provider, identity } = visit;
    tell(visit, { event: "sign_in", accountId, reason });
    const { email } = identity.claims;
    const page = {
      ...describeRefusal(reason, { providerName: provider.displayName, email }),
      errorCode: reason,
      errorDescription: undefined,
      requestId: String(ctx.state["requestId"]),
      wayOn: {
        href: `${basePath}/interaction/${interaction.uid}/sign-in`,
        label: message("login.choose-how"),
      },
    };
    leadOnInLanguage(ctx, page.wayOn.href);
    deps.render(ctx, "error", page, 403);
  }

  function tell({ ctx, interaction, provider, identity }: Visit, entry: Told): void {
    deps.audit({
      provider: provider.id,
      upstreamIssuer: identity.issuer,
      ...entry,
      outcome: entry.reason === undefined ? "success" : "failure",
      clientId: interaction.client.clientId,
      ip: ctx.ip,
      requestId: String(ctx.state["requestId"]),
    });
  }

  return async (ctx, interaction, arrival) => {
    const signedInAtSeconds = deps.clock.nowSeconds();
    const visit = { ctx, interaction, signedInAtSeconds, ...arrival };
    const result = await federatedSignIn(arrival.identity, arrival.provider);
    if (result.outcome === "refused") return refuse(visit, result);
    if (result.outcome === "must_prove") return askForProof(visit, result.account);
    const { account, by } = result;
    const accountId = account.id;
    if (by === "new_account") tell(visit, { event: "account.created", accountId, by });
    if (by === "invitation") {
      tell(visit, { event: "identity.linked", accountId, by });
      const told = { ...noticeFacts(ctx), name: arrival.provider.displayName };
      await deps.notify(accountId, "identity_linked", told);
    }
    return goOn(visit, account, by);
  };
}

interface Told {
  readonly event: "sign_in" | "identity.linked" | "account.created";
  /** Undefined: it succeeded. */
  readonly reason?: string | undefined;
  readonly [detail: string]: unknown;
}
