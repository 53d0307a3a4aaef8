/**
 * Where every way in ends, whatever was proven and with what: a new way calls one of these two and
 * does nothing after it. Owns what follows from a proof; does not know how one is given.
 */
import type { Context } from "koa";
import type { AccountId } from "../accounts/account.js";
import type { FindDemand } from "../oidc/authentication-demand.js";
import type { Authentication, BrowserAccounts } from "../oidc/browser-accounts.js";
import type { ActiveInteraction, InteractionError, Interactions } from "../oidc/interactions.js";
import { decideNextStep, type Factors } from "../oidc/next-step.js";
import type { SealedRequest } from "../oidc/sealed-request.js";
import type { EndedInteraction } from "./ended-interaction.js";

/** The authorization request that somebody signed in for. */
export interface AtInteraction {
  readonly uid: string;
  /** Undefined: the page was open for longer than it lasts. */
  readonly interaction: ActiveInteraction | undefined;
  /** Of the interaction, or the sealed copy that its page had. */
  readonly request: SealedRequest;
}

/** A sign-in without an application, at the account's own pages. */
export interface AtAccount {
  /** Answers the request, once somebody is signed in. */
  readonly goOn: () => Promise<void> | void;
}

/** A sign-in that has just succeeded. */
export interface SignedIn extends Authentication {
  /** Undefined at the account's own pages. */
  readonly clientId: string | undefined;
}

/**
 * Told of every sign-in at the pages, when its answer (303) is set and not yet sent: cookies may be
 * set, and `ctx.redirect` leads elsewhere first, by somewhere that goes on to the `Location` of before.
 */
export type OnSignedIn = (ctx: Context, signedIn: SignedIn) => Promise<void>;

export interface SignInHub {
  completeSignIn(ctx: Context, at: AtInteraction, proven: Authentication): Promise<void>;
  completeAccountSignIn(ctx: Context, at: AtAccount, proven: Authentication): Promise<void>;
}

export interface SignInHubDeps {
  readonly interactions: Pick<Interactions, "signIn" | "refuse">;
  readonly findDemand: FindDemand;
  readonly findFactors: (id: AccountId) => Promise<Factors>;
  readonly browserAccounts: Pick<BrowserAccounts, "signIn">;
  readonly ended: Pick<EndedInteraction, "restart">;
  readonly onSignedIn: readonly OnSignedIn[];
}

export function createSignInHub(deps: SignInHubDeps): SignInHub {
  const { interactions, browserAccounts, ended } = deps;

  /** @returns why it does not answer the request; undefined: it does. */
  async function findShortfall(request: SealedRequest, proven: Authentication) {
    const [demand, has] = await Promise.all([
      deps.findDemand(request),
      deps.findFactors(proven.accountId),
    ]);
    const so = { acr: proven.acr, isFederated: proven.upstream !== undefined, has };
    const next = decideNextStep(so, demand, { maySetUp: false });
    return next === "done" ? undefined : next;
  }

  async function tell(ctx: Context, signedIn: SignedIn): Promise<void> {
    for (const hear of deps.onSignedIn) await hear(ctx, signedIn);
  }

  return {
    async completeSignIn(ctx, { interaction, request }, proven) {
      const shortfall = await findShortfall(request, proven);
      if (shortfall !== undefined && interaction !== undefined)
        return interactions.refuse(ctx, UNMET);
      if (interaction === undefined) {
        // Sign in all the same, then go on.
        await browserAccounts.signIn(ctx, proven);
        await ended.restart(ctx, request, withoutSignIn(request));
      } else {
        await interactions.signIn(ctx, proven);
      }
      await tell(ctx, { ...proven, clientId: request.clientId });
    },

    async completeAccountSignIn(ctx, { goOn }, proven) {
      await browserAccounts.signIn(ctx, proven);
      await goOn();
      await tell(ctx, { ...proven, clientId: undefined });
    },
  };
}

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
