/**
 * Where every way in ends, whatever was proven and with what: a new way calls one of these two and
 * does nothing after it. Owns what follows from a proof: a second step, the session, or that the
 * request cannot be answered. Does not know how anything is proven.
 */
import type { Context } from "koa";
import type { AccountId } from "../accounts/account.js";
import { isRanked } from "../oidc/authentication-context.js";
import type { AuthenticationDemand, FindDemand } from "../oidc/authentication-demand.js";
import type { Authentication, BrowserAccounts } from "../oidc/browser-accounts.js";
import type { ActiveInteraction, InteractionError, Interactions } from "../oidc/interactions.js";
import { decideNextStep, type Factors, type NextStep } from "../oidc/next-step.js";
import type { SealedRequest } from "../oidc/sealed-request.js";
import type { Leaving } from "./account/leaving.js";
import type { EndedInteraction } from "./ended-interaction.js";
import { redirectUri } from "./return-address.js";
import type { LinkPending } from "./federation/link-pending.js";
import type { PendingSignIn, PendingSignIns, SignInPlace } from "./second-step/pending-sign-in.js";

/** The authorization request that somebody signed in for. */
export interface AtInteraction {
  readonly uid: string;
  /** Undefined: the page was open for longer than it lasts. */
  readonly interaction: ActiveInteraction | undefined;
  /** Of the interaction, or the sealed copy that its page had. */
  readonly request: SealedRequest;
  /** The identity that waits for this proof is linked, once all is proven (decision 0023). */
  readonly links?: boolean;
}

/** A sign-in without an application, at the account's own pages. */
export interface AtAccount {
  /** By which the sign-in goes on after a second step. */
  readonly place: Exclude<SignInPlace, { kind: "interaction" }>;
  /** Answers the request, once somebody is signed in. */
  readonly goOn: () => Promise<void> | void;
}

/** A sign-in that has just succeeded. */
export interface SignedIn extends Authentication {
  /** Undefined at the account's own pages. */
  readonly clientId: string | undefined;
  /** Where the browser ends up; undefined at the account's own pages, and without one. */
  readonly redirectUri: string | undefined;
}

/**
 * Told of every sign-in at the pages, when its answer (303) is set and not yet sent: cookies may be
 * set, and `ctx.redirect` leads elsewhere first, by somewhere that goes on to the `Location` of before.
 */
export type OnSignedIn = (ctx: Context, signedIn: SignedIn) => Promise<void>;

export interface SignInHub {
  completeSignIn(ctx: Context, at: AtInteraction, proven: Authentication): Promise<void>;
  completeAccountSignIn(ctx: Context, at: AtAccount, proven: Authentication): Promise<void>;
  /**
   * For somebody who is signed in and lacks but a second step.
   * @returns false, with nothing answered, when they have to sign in anew.
   */
  stepUp(ctx: Context, interaction: ActiveInteraction): Promise<boolean>;
}

export interface SignInHubDeps {
  readonly interactions: Pick<Interactions, "signIn" | "refuse">;
  readonly browserAccounts: Pick<BrowserAccounts, "signIn" | "findAuthentication">;
  readonly ended: Pick<EndedInteraction, "restart">;
  readonly pendingSignIns: Pick<PendingSignIns, "keep">;
  readonly findDemand: FindDemand;
  /** Of the account's own pages. */
  readonly ownDemand: AuthenticationDemand;
  readonly findFactors: (id: AccountId) => Promise<Factors>;
  /** People may set up a second step. */
  readonly isOffered: boolean;
  readonly linkPending: LinkPending;
  readonly isFresh: (signedInAtSeconds: number) => boolean;
  readonly leaving: Leaving;
  readonly onSignedIn: readonly OnSignedIn[];
  readonly basePath: string;
}

export function createSignInHub(deps: SignInHubDeps): SignInHub {
  const { interactions, browserAccounts, ended, pendingSignIns, isOffered, basePath } = deps;

  async function decide(
    { accountId, acr, upstream }: Authentication,
    demand: AuthenticationDemand,
    isFederated = upstream !== undefined,
  ): Promise<NextStep> {
    const has = await deps.findFactors(accountId);
    return decideNextStep({ acr, isFederated, has }, demand, { maySetUp: isOffered });
  }

  function toSecondStep(
    ctx: Context,
    next: "second_step" | "set_up",
    pending: PendingSignIn,
  ): void {
    const { place } = pending;
    pendingSignIns.keep(ctx, pending);
    const path = place.kind === "interaction" ? `interaction/${place.uid}` : "account/sign-in";
    ctx.status = 303;
    ctx.redirect(`${basePath}/${path}/second-step${next === "set_up" ? "/set-up" : ""}`);
  }

  async function tell(ctx: Context, signedIn: SignedIn): Promise<void> {
    for (const hear of deps.onSignedIn) await hear(ctx, signedIn);
  }

  async function signIn(ctx: Context, at: AtInteraction, proven: Authentication): Promise<void> {
    const { uid, interaction, request, links = false } = at;
    const { clientId } = request;
    if (await deps.leaving.isLeaving(proven.accountId)) {
      await browserAccounts.signIn(ctx, proven);
      return deps.leaving.lead(ctx);
    }
    if (links && !(await deps.linkPending(ctx, { uid, clientId }, proven.accountId))) {
      ctx.status = 303;
      return ctx.redirect(`${basePath}/interaction/${uid}/sign-in`);
    }
    if (interaction === undefined) {
      // Sign in all the same, then go on.
      await browserAccounts.signIn(ctx, proven);
      await ended.restart(ctx, request, withoutSignIn(request));
    } else {
      await interactions.signIn(ctx, proven);
    }
    await tell(ctx, { ...proven, clientId, redirectUri: redirectUri(request.params) });
  }

  return {
    async completeSignIn(ctx, at, proven) {
      const { uid, interaction, request, links = false } = at;
      const next = await decide(proven, await deps.findDemand(request));
      if (next === "unmet" && interaction !== undefined) return interactions.refuse(ctx, UNMET);
      // Without an interaction, the one that is begun anew says so.
      if (next === "done" || next === "unmet") return signIn(ctx, at, proven);
      const place = { kind: "interaction", uid } as const;
      toSecondStep(ctx, next, { proven, links, place, maySetUp: true });
    },

    async completeAccountSignIn(ctx, { place, goOn }, proven) {
      // Whoever confirms who they are does so with all that the account has.
      const next =
        place.kind === "confirm"
          ? await decide(proven, NO_DEMAND, false)
          : await decide(proven, deps.ownDemand);
      if (next === "second_step" || next === "set_up") {
        return toSecondStep(ctx, next, { proven, links: false, place, maySetUp: true });
      }
      await browserAccounts.signIn(ctx, proven);
      await goOn();
      await tell(ctx, { ...proven, clientId: undefined, redirectUri: undefined });
    },

    async stepUp(ctx, interaction) {
      const { uid } = interaction;
      const proven = await browserAccounts.findAuthentication(ctx);
      if (proven === undefined) return false;
      const demand = await deps.findDemand(requestOf(interaction));
      const next = await decide(proven, demand);
      if (next === "unmet") {
        // Another provider's sign-in may be what is asked for.
        if (!demand.anyOf.every(isRanked)) return false;
        await interactions.refuse(ctx, UNMET);
        return true;
      }
      // A new authenticator takes a fresh sign-in, as at the account's own pages.
      const maySetUp = deps.isFresh(proven.signedInAtSeconds);
      if (next === "done" || (next === "set_up" && !maySetUp)) return false;
      const place = { kind: "interaction", uid } as const;
      toSecondStep(ctx, next, { proven, links: false, place, maySetUp });
      return true;
    },
  };
}

const NO_DEMAND: AuthenticationDemand = { anyOf: [], secondStep: undefined };

/** OpenID Connect Unmet Authentication Requirements 1.0 §2. */
export const UNMET: InteractionError = {
  error: "unmet_authentication_requirements",
  error_description: "the requested acr cannot be satisfied",
};

export function requestOf({ client, params }: ActiveInteraction): SealedRequest {
  return { clientId: client.clientId, params };
}

const SIGN_IN_PROMPTS = ["login", "select_account", "create"];

/** What is left of `prompt` once somebody has signed in: asking for that again would be a loop. */
export function withoutSignIn(request: SealedRequest): string {
  return promptWithout(request, SIGN_IN_PROMPTS);
}

export function promptWithout({ params }: SealedRequest, values: readonly string[]): string {
  const prompt = params["prompt"];
  if (typeof prompt !== "string") return "";
  return prompt
    .split(" ")
    .filter((value) => !values.includes(value))
    .join(" ");
}
