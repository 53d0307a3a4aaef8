import type Router from "@koa/router";
import type { Context, Next } from "koa";
import type { SecondStepFlow, SecondStepVisit } from "./second-step-flow.js";

type Handler = (ctx: Context, next: Next) => Promise<void>;
type Fields = Readonly<Record<string, string>>;

export interface SecondStepRoutes {
  readonly flow: SecondStepFlow;
  /** Finds the visit of a page; answers by itself when there is none. */
  readonly shown: (show: (visit: SecondStepVisit) => Promise<void> | void) => Handler;
  /** The same for a form, once its guard has passed. */
  readonly posted: (take: (visit: SecondStepVisit, fields: Fields) => Promise<void>) => Handler;
}

/** The pages of a second step: the code, the app that codes come from, and what to keep of it. */
export function addSecondStepRoutes(
  router: Router,
  path: string,
  { flow, shown, posted }: SecondStepRoutes,
): void {
  router.get(
    path,
    shown((visit) => flow.showCode(visit)),
  );
  router.post(
    path,
    posted((visit, fields) => flow.submitCode(visit, fields)),
  );
  router.get(
    `${path}/set-up`,
    shown((visit) => flow.showSetUp(visit)),
  );
  router.post(
    `${path}/set-up`,
    posted((visit, fields) => flow.submitSetUp(visit, fields)),
  );
  router.get(
    `${path}/codes`,
    shown((visit) => flow.showCodes(visit)),
  );
  router.post(
    `${path}/codes`,
    posted((visit) => flow.submitCodes(visit)),
  );
}
