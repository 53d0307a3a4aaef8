import type Router from "@koa/router";
import type { Context } from "koa";
import { FederationError } from "../../federation/federation-error.js";
import type { UpstreamPurpose } from "../../federation/upstream-attempt.js";
import type { UpstreamAnswer } from "../../federation/upstream-client.js";
import { readForm } from "../read-form.js";
import type { UpstreamFailures } from "./upstream-failures.js";
import { readAnswer, type UpstreamSignIns } from "./upstream-sign-ins.js";

export const CALLBACK_PATH = "/oauth/callback";

/** What is passed on; anything else that a provider sends is its own affair. */
const PASSED_ON = ["state", "code", "iss", "error", "error_description"];

export interface UpstreamCallbackDeps {
  readonly upstreamSignIns: UpstreamSignIns;
  readonly upstreamFailures: UpstreamFailures;
  readonly basePath: string;
}

/**
 * The one address that every provider sends people back to. It leads on to where the sign-in was
 * begun: the cookies of an interaction are sent to its own path alone.
 */
export function addUpstreamCallback(router: Router, deps: UpstreamCallbackDeps): void {
  const { upstreamSignIns, upstreamFailures, basePath } = deps;

  router.get(CALLBACK_PATH, (ctx) => {
    const answer = readAnswer(ctx.query);
    const attempt = upstreamSignIns.find(ctx, answer);
    if (attempt === undefined) {
      const unknown = new FederationError("attempt_unknown", "this browser began no such sign-in");
      return upstreamFailures.show(ctx, unknown, { wayOn: undefined });
    }
    passOn(ctx, basePath + pathOf(attempt.purpose), answer);
  });

  // response_mode=form_post. Browsers send no Lax cookies along with a form of another site, and do
  // so with the GET that follows.
  router.post(CALLBACK_PATH, async (ctx) => {
    passOn(ctx, basePath + CALLBACK_PATH, await readForm(ctx));
  });
}

function pathOf(purpose: UpstreamPurpose): string {
  return purpose.kind === "sign-in" ? `/interaction/${purpose.uid}/upstream` : "/account/upstream";
}

function passOn(ctx: Context, path: string, answer: UpstreamAnswer): void {
  const query = new URLSearchParams(
    PASSED_ON.flatMap((name) => {
      const value = answer[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  ctx.status = 303;
  ctx.redirect(`${path}?${query.toString()}`);
}
