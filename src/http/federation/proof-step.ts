import type { Context } from "koa";
import type { Account } from "../../accounts/account.js";
import { findUsable } from "../../federation/sign-in-choices.js";
import type { UpstreamProvider } from "../../federation/upstream-provider.js";
import { message } from "../../lib/message.js";
import { PASSWORD_ACR } from "../../oidc/authentication-context.js";
import type { ActiveInteraction } from "../../oidc/interactions.js";
import type { EndedInteraction } from "../ended-interaction.js";
import type { InteractionForm, InteractionRoutesDeps } from "../interaction-deps.js";
import { redirectUri } from "../return-address.js";
import { passwordRefusal, type FormRefusal } from "../too-many-attempts.js";
import { allowFormReturn } from "../security-headers.js";
import { requestOf } from "../sign-in-hub.js";
import { rememberLastProvider } from "./last-provider-cookie.js";
import { toButton } from "./ways-in.js";
import type { PendingLink } from "./pending-link.js";

/**
 * An account has the address of somebody who came from a provider for the first time: its owner
 * signs in to it, then the two are linked. Nothing else links them.
 */
export interface ProofStep {
  show(ctx: Context, uid: string): Promise<void>;
  submit(ctx: Context, form: InteractionForm): Promise<void>;
}

const REFUSED = message("login.wrong-password");

export function createProofStep(deps: InteractionRoutesDeps, ended: EndedInteraction): ProofStep {
  const { interactions, accounts, upstreamProviders, pendingLinks, formGuard, basePath } = deps;

  interface Told {
    readonly event: "sign_in";
    readonly reason?: string | undefined;
  }

  interface Found {
    readonly interaction: ActiveInteraction;
    readonly pending: PendingLink;
    readonly provider: UpstreamProvider;
    readonly account: Account;
  }

  /** Answers by itself, with undefined, when there is nothing to prove (any more). */
  async function require(ctx: Context, uid: string): Promise<Found | undefined> {
    const interaction = await interactions.find(ctx, uid);
    if (interaction === undefined) {
      await ended.show(ctx, uid);
      return undefined;
    }
    const pending = pendingLinks.find(ctx, uid);
    const [provider, account] =
      pending === undefined
        ? []
        : await Promise.all([
            findUsable(upstreamProviders, pending.providerId),
            accounts.find(pending.accountId),
          ]);
    if (pending !== undefined && provider !== undefined && account !== undefined) {
      return { interaction, pending, provider, account };
    }
    toSignIn(ctx, uid);
    return undefined;
  }

  function toSignIn(ctx: Context, uid: string): void {
    ctx.status = 303;
    ctx.redirect(`${basePath}/interaction/${uid}/sign-in`);
  }

  async function renderPage(ctx: Context, found: Found, refusal?: FormRefusal): Promise<void> {
    const { interaction, pending, provider, account } = found;
    const { uid, params } = interaction;
    allowFormReturn(ctx, redirectUri(params));
    const path = `${basePath}/interaction/${uid}`;
    deps.render(
      ctx,
      "link-account",
      {
        action: `${path}/link`,
        otherUrl: `${path}/sign-in`,
        csrfToken: formGuard.issue(ctx, uid),
        sealedRequest: interaction.sealedRequest ?? "",
        provider: { name: provider.displayName, icon: provider.icon },
        upstreamName: pending.email ?? pending.username ?? "",
        email: account.email ?? "",
        ...(await waysToProve(account, `${path}/upstream`)),
        error: refusal?.error,
      },
      refusal?.status ?? 200,
    );
  }

  /** Whoever sees the page has proven to read the account's mail, and may know how it is opened. */
  async function waysToProve(account: Account, path: string) {
    const [identities, record, providers, choices] = await Promise.all([
      deps.federatedIdentities.listOfAccount(account.id),
      accounts.findForSignIn(account.username),
      upstreamProviders.list(),
      deps.listForSignIn(),
    ]);
    const linked = new Set(identities.map(({ issuer }) => issuer));
    const issuerOf = new Map(providers.map(({ id, issuer }) => [id, issuer]));
    return {
      hasPassword: record?.passwordHash !== undefined,
      providers: choices
        .filter(({ id }) => linked.has(issuerOf.get(id) ?? ""))
        .map((choice) => toButton(choice, path)),
    };
  }

  function tell(ctx: Context, found: Found, entry: Told): void {
    const { reason } = entry;
    deps.audit({
      ...entry,
      outcome: reason === undefined ? "success" : "failure",
      accountId: found.account.id,
      provider: found.provider.id,
      upstreamIssuer: found.pending.issuer,
      by: "proof",
      clientId: found.interaction.client.clientId,
      ip: ctx.ip,
      requestId: String(ctx.state["requestId"]),
    });
  }

  return {
    async show(ctx, uid) {
      const found = await require(ctx, uid);
      if (found !== undefined) await renderPage(ctx, found);
    },

    async submit(ctx, { uid, fields }) {
      const found = await require(ctx, uid);
      if (found === undefined) return;
      const { provider, account } = found;
      const { username: identifier } = account;
      const proof = await deps.provePassword({
        identifier,
        password: fields["password"] ?? "",
        from: deps.knownDevices.sourceOf(ctx),
      });
      // By its name: should that have become another account's meanwhile, it is no proof.
      if (proof.outcome === "refused" || proof.account.id !== account.id) {
        const reason = proof.outcome === "refused" ? proof.reason : "other_account";
        tell(ctx, found, { event: "sign_in", reason });
        const refusal =
          proof.outcome === "refused"
            ? passwordRefusal(ctx, proof, REFUSED)
            : { error: REFUSED, status: 422 as const };
        return renderPage(ctx, found, refusal);
      }
      tell(ctx, found, { event: "sign_in" });
      rememberLastProvider(ctx, provider.id);
      const { amr, signedInAtSeconds } = proof;
      const { interaction } = found;
      const at = { uid, interaction, request: requestOf(interaction), links: true };
      await deps.signInHub.completeSignIn(ctx, at, {
        accountId: account.id,
        acr: PASSWORD_ACR,
        amr,
        keep: false,
        signedInAtSeconds,
      });
    },
  };
}
