/**
 * `/reset`: who has forgotten their password sets another by way of their mail. Owns the pages and
 * their order; what is sent and what a code opens is `accounts/reset-password.ts`. It signs nobody in.
 */
import type Router from "@koa/router";
import type { Context, Next } from "koa";
import { createResetCode, RESET_LINK_FORM } from "./reset-code.js";
import type { ResetDeps, ResetState } from "./reset-deps.js";
import { createResetNewPassword } from "./reset-new-password.js";
import { createResetStart, RESET_FORM, type ResetStart } from "./reset-start.js";

type HandleState = (ctx: Context, id: string, state: ResetState) => Promise<void> | void;

/** @returns what the pages of an interaction show of it. */
export function addResetRoutes(router: Router, deps: ResetDeps): ResetStart {
  const { journeys, journeyGuard, waysBack } = deps;
  const start = createResetStart(deps);
  const codes = createResetCode(deps);
  const newPassword = createResetNewPassword({ ...deps, refuse: (ctx) => codes.refuse(ctx) });

  router.get("/reset", (ctx) => start.show(ctx, textOf(ctx.query["to"])));
  router.post(
    "/reset",
    journeyGuard(
      () => RESET_FORM,
      (ctx, fields) => start.submit(ctx, fields),
    ),
  );

  router.get("/reset/link", (ctx) => codes.showLink(ctx, textOf(ctx.query["token"])));
  router.post(
    "/reset/link",
    journeyGuard(
      () => RESET_LINK_FORM,
      (ctx, fields) => codes.submitLink(ctx, fields["token"] ?? ""),
    ),
  );

  router.get(
    "/reset/:id",
    known((ctx, id, state) => {
      if (state.isDone === true) return newPassword.showDone(ctx, id, state);
      if (state.proof !== undefined) return lead(ctx, `${journeys.pathOf(id)}/password`);
      return codes.show(ctx, id, state);
    }),
  );

  // Where a form was answered in place: Enter in the address bar, or a link to another language.
  for (const step of ["code", "resend"]) {
    router.get(`/reset/:id/${step}`, (ctx) => lead(ctx, journeys.pathOf(idOf(ctx))));
  }

  router.post(
    "/reset/:id/code",
    journeyGuard(idOf, (ctx, fields) =>
      withState(ctx, (id, state) => codes.submit(ctx, { id, code: fields["code"] ?? "" }, state)),
    ),
  );

  router.post(
    "/reset/:id/resend",
    journeyGuard(idOf, (ctx) => withState(ctx, (id, state) => codes.resend(ctx, id, state))),
  );

  router.get(
    "/reset/:id/password",
    known((ctx, id, state) =>
      state.proof === undefined ? lead(ctx, journeys.pathOf(id)) : newPassword.show(ctx, id, state),
    ),
  );

  router.post(
    "/reset/:id/password",
    journeyGuard(idOf, (ctx, fields) =>
      withState(ctx, (id, state) =>
        state.proof === undefined
          ? lead(ctx, journeys.pathOf(id))
          : newPassword.submit(ctx, { id, password: fields["password"] ?? "" }, state),
      ),
    ),
  );

  router.get(
    "/reset/:id/sign-in",
    known((ctx, id, { wayBack, identifier }) =>
      waysBack.toSignIn(ctx, { id, wayBack, identifier }),
    ),
  );

  function known(handle: HandleState) {
    return (ctx: Context, _next: Next) => withState(ctx, (id, state) => handle(ctx, id, state));
  }

  async function withState(
    ctx: Context,
    handle: (id: string, state: ResetState) => Promise<void> | void,
  ): Promise<void> {
    const id = idOf(ctx);
    const state = journeys.find(ctx, id);
    // The cookie is lost, or it is another browser.
    return state === undefined ? codes.refuse(ctx) : handle(id, state);
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
