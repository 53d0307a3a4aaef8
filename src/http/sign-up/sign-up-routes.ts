/**
 * `/sign-up`: people make accounts for themselves. Owns the pages and their order; what is sent and
 * what a code opens is `accounts/sign-up.ts`. Nobody learns by it whether an address has an account.
 */
import type Router from "@koa/router";
import type { Context, Next } from "koa";
import { message } from "../../lib/message.js";
import { createSignUpAccount } from "./sign-up-account.js";
import { createSignUpCode, SIGN_UP_LINK_FORM } from "./sign-up-code.js";
import type { SignUpDeps, SignUpState } from "./sign-up-deps.js";
import { createSignUpStart, SIGN_UP_FORM, type SignUpStart } from "./sign-up-start.js";

type HandleState = (ctx: Context, id: string, state: SignUpState) => Promise<void> | void;

/** @returns what the pages of an interaction show of it. */
export function addSignUpRoutes(router: Router, deps: SignUpDeps): SignUpStart {
  const { journeys, journeyGuard, waysBack, clock, basePath } = deps;
  const start = createSignUpStart(deps);
  const codes = createSignUpCode(deps);
  const accounts = createSignUpAccount(deps);

  router.get("/sign-up", (ctx) => start.show(ctx, textOf(ctx.query["to"])));
  router.post(
    "/sign-up",
    journeyGuard(
      () => SIGN_UP_FORM,
      (ctx, fields) => start.submit(ctx, fields),
    ),
  );

  router.get("/sign-up/link", (ctx) => codes.showLink(ctx, textOf(ctx.query["token"])));
  router.post(
    "/sign-up/link",
    journeyGuard(
      () => SIGN_UP_LINK_FORM,
      (ctx, fields) => codes.submitLink(ctx, fields["token"] ?? ""),
    ),
  );

  router.get(
    "/sign-up/:id",
    known((ctx, id, state) => {
      if (state.isDone === true) return accounts.showDone(ctx, id, state);
      if (isConfirmed(state)) return lead(ctx, `${journeys.pathOf(id)}/account`);
      return codes.show(ctx, id, state);
    }),
  );

  // Where a form was answered in place: Enter in the address bar, or a link to another language.
  for (const step of ["code", "resend", "passkey", "continue"]) {
    router.get(`/sign-up/:id/${step}`, (ctx) => lead(ctx, journeys.pathOf(idOf(ctx))));
  }

  router.post(
    "/sign-up/:id/code",
    journeyGuard(idOf, (ctx, fields) =>
      withState(ctx, (id, state) => codes.submit(ctx, { id, code: fields["code"] ?? "" }, state)),
    ),
  );

  router.post(
    "/sign-up/:id/resend",
    journeyGuard(idOf, (ctx) => withState(ctx, (id, state) => codes.resend(ctx, id, state))),
  );

  router.get(
    "/sign-up/:id/account",
    known((ctx, id, state) =>
      isConfirmed(state) && state.isDone !== true
        ? accounts.show(ctx, id, state)
        : lead(ctx, journeys.pathOf(id)),
    ),
  );

  router.post(
    "/sign-up/:id/account",
    journeyGuard(idOf, (ctx, fields) =>
      withState(ctx, (id, state) =>
        isConfirmed(state)
          ? accounts.submit(ctx, { id, fields }, state)
          : lead(ctx, journeys.pathOf(id)),
      ),
    ),
  );

  router.post(
    "/sign-up/:id/passkey",
    journeyGuard(idOf, (ctx, fields) =>
      withState(ctx, (id, state) =>
        isConfirmed(state)
          ? accounts.submitPasskey(ctx, { id, fields }, state)
          : lead(ctx, journeys.pathOf(id)),
      ),
    ),
  );

  router.post(
    "/sign-up/:id/continue",
    journeyGuard(idOf, (ctx) => waysBack.goOn(ctx)),
  );

  // Ways out that lead to where the sign-up began.
  router.get(
    "/sign-up/:id/sign-in",
    known((ctx, id, { wayBack, email }) =>
      waysBack.toSignIn(ctx, { id, wayBack, identifier: email }),
    ),
  );
  router.get(
    "/sign-up/:id/address",
    known((ctx, _id, { wayBack: { uid, to } }) =>
      lead(
        ctx,
        uid === undefined
          ? `${basePath}/sign-up?to=${to}`
          : `${basePath}/interaction/${uid}/sign-up`,
      ),
    ),
  );

  function known(handle: HandleState) {
    return (ctx: Context, _next: Next) => withState(ctx, (id, state) => handle(ctx, id, state));
  }

  async function withState(
    ctx: Context,
    handle: (id: string, state: SignUpState) => Promise<void> | void,
  ): Promise<void> {
    const id = idOf(ctx);
    const state = journeys.find(ctx, id);
    return state === undefined ? showGone(ctx) : handle(id, state);
  }

  function isConfirmed({ confirmedUntilSeconds }: SignUpState): boolean {
    return confirmedUntilSeconds !== undefined && clock.nowSeconds() < confirmedUntilSeconds;
  }

  /** The cookie is lost, or it is another browser. */
  function showGone(ctx: Context): void {
    deps.render(
      ctx,
      "journey-ended",
      {
        heading: message("signup.gone-heading"),
        explanation: message("signup.gone"),
        ways: [
          { href: `${basePath}/sign-up`, label: message("signup.start-again") },
          { href: `${basePath}/account/sign-in`, label: message("common.sign-in") },
        ],
      },
      410,
    );
  }

  return start;
}

function idOf(ctx: Context): string {
  const { id }: { id?: unknown } = ctx["params"];
  return String(id);
}

function lead(ctx: Context, path: string): void {
  ctx.status = 303;
  ctx.redirect(path);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
