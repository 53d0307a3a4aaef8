import type Router from "@koa/router";
import type { Context, Next } from "koa";
import { clientName } from "../../oidc/client-name.js";
import type { SealedRequest } from "../../oidc/sealed-request.js";
import type { EndedInteraction } from "../ended-interaction.js";
import type { InteractionForm, InteractionRoutesDeps } from "../interaction-deps.js";
import { redirectUri } from "../return-address.js";
import { readSealedRequestCookie } from "../sealed-request-cookie.js";
import { allowFormReturn } from "../security-headers.js";
import { requestOf } from "../sign-in-hub.js";
import { uidOf } from "../uid-of.js";
import { addSecondStepRoutes } from "./add-second-step-routes.js";
import { describeDemand } from "./describe-demand.js";
import type { SecondStepVisit } from "./second-step-flow.js";

export interface InteractionSecondStepDeps extends InteractionRoutesDeps {
  readonly ended: EndedInteraction;
  readonly guarded: (
    handle: (ctx: Context, form: InteractionForm) => Promise<void>,
  ) => (ctx: Context, next: Next) => Promise<void>;
}

/** `/interaction/:uid/second-step`: between the first proof and the way back to an application. */
export function addInteractionSecondStep(router: Router, deps: InteractionSecondStepDeps): void {
  const { interactions, accounts, pendingSignIns, signInHub, ended } = deps;
  const { formGuard, basePath, guarded } = deps;

  /** Answers by itself, with undefined, when there is no second step to take (any more). */
  async function findVisit(
    ctx: Context,
    uid: string,
    copy = readSealedRequestCookie(ctx) ?? "",
  ): Promise<SecondStepVisit | undefined> {
    const interaction = await interactions.find(ctx, uid);
    const request =
      interaction === undefined ? interactions.openSealed(copy) : requestOf(interaction);
    const owing = interaction?.prompt === "consent" ? undefined : await findOwing(ctx, uid);
    if (owing === undefined || request === undefined) {
      await leave(ctx, uid, interaction !== undefined);
      return undefined;
    }
    const { pending, account } = owing;
    const path = `${basePath}/interaction/${uid}`;
    allowFormReturn(ctx, redirectUri(request.params));
    return {
      pending,
      page: {
        ctx,
        account,
        path: `${path}/second-step`,
        csrfToken: formGuard.issue(ctx, uid),
        sealedRequest: interaction === undefined ? copy : (interaction.sealedRequest ?? ""),
        why: await explain(request),
        leaveUrl: `${path}/sign-in`,
      },
      clientId: request.clientId,
      passkeyUrl: `${path}/sign-in`,
      finish: async (proven) => {
        pendingSignIns.drop(ctx, { uid });
        const at = { uid, interaction, request, links: pending.links };
        await signInHub.completeSignIn(ctx, at, proven);
      },
    };
  }

  /** Who owes a second step. */
  async function findOwing(ctx: Context, uid: string) {
    const pending = pendingSignIns.find(ctx, { uid });
    if (pending === undefined) return undefined;
    const account = await accounts.find(pending.proven.accountId);
    return account?.disabled === false ? { pending, account } : undefined;
  }

  async function leave(ctx: Context, uid: string, isAlive: boolean): Promise<void> {
    if (!isAlive) return ended.show(ctx, uid);
    ctx.status = 303;
    ctx.redirect(`${basePath}/interaction/${uid}`);
  }

  async function explain(request: SealedRequest) {
    const client = await interactions.findClient(request.clientId);
    return describeDemand(await deps.findDemand(request), clientName(client));
  }

  addSecondStepRoutes(router, "/interaction/:uid/second-step", {
    flow: deps.secondStepFlow,
    shown: (show) => async (ctx) => {
      const visit = await findVisit(ctx, uidOf(ctx));
      if (visit !== undefined) await show(visit);
    },
    posted: (take) =>
      guarded(async (ctx, { uid, fields }) => {
        const visit = await findVisit(ctx, uid, fields["sealed_request"]);
        if (visit !== undefined) await take(visit, fields);
      }),
  });
}
