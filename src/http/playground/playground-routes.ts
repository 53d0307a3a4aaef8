/**
 * The playground: a client of this server inside the server, for development mode. Owns what the
 * browser sees of it; the steps of the protocol are in the files beside this one, and they reach the
 * server over HTTP alone, as any client would.
 */
import type Router from "@koa/router";
import type { Context } from "koa";
import { isSameOrigin } from "../form-guard.js";
import { readForm } from "../read-form.js";
import { beginAuthorization, finishAuthorization } from "./authorization-step.js";
import { addCodeRoute } from "./code-route.js";
import { offerChoices, readAuthorizationChoice, readResource } from "./form-choices.js";
import type { PlaygroundDeps } from "./playground-deps.js";
import { takeTurn, type PlaygroundSession } from "./playground-session.js";
import { createPlaygroundSessions } from "./playground-sessions.js";
import { createProblemPages } from "./problem-pages.js";
import { readAnswer } from "./read-answer.js";
import { describeRegistration } from "./registration.js";
import { createSessionView } from "./session-view.js";
import { beginSignOut, finishSignOut } from "./sign-out-step.js";
import { refreshTokens, requestClientCredentials } from "./token-grants.js";
import { askUserinfo, callResource, introspect, revoke } from "./token-use.js";

const COOKIE = "latchkey_playground";

type TokenStep = (session: PlaygroundSession, deps: PlaygroundDeps) => Promise<boolean>;

/** The buttons of the session page. */
const STEPS: Readonly<Record<string, TokenStep>> = {
  userinfo: askUserinfo,
  resource: callResource,
  refresh: refreshTokens,
  "introspect-access-token": (session, deps) => introspect(session, "access_token", deps),
  "introspect-refresh-token": (session, deps) => introspect(session, "refresh_token", deps),
  "revoke-access-token": (session, deps) => revoke(session, "access_token", deps),
  "revoke-refresh-token": (session, deps) => revoke(session, "refresh_token", deps),
};

export function addPlaygroundRoutes(router: Router, deps: PlaygroundDeps): void {
  const { issuer, basePath, render, resource, clock } = deps;
  const sessions = createPlaygroundSessions({ clock });
  const base = `${basePath}/playground`;
  const sessionUrl = `${base}/session`;
  const { origin } = new URL(issuer);
  const problems = createProblemPages(deps);

  addCodeRoute(router, deps);

  router.get("/playground", (ctx) => {
    const session = findSession(ctx);
    const state = ctx.query["state"];
    if (session !== undefined && typeof state === "string" && finishSignOut(session, state)) {
      return seeOther(ctx, sessionUrl);
    }
    render(ctx, "playground/start", {
      ...offerChoices(),
      base,
      isReady: deps.clientSecret() !== "",
      sessionUrl: session === undefined ? undefined : sessionUrl,
      resource,
      registration: describeRegistration(deps),
    });
  });

  router.post(
    "/playground/authorize",
    form(async (ctx, fields) => {
      const session = findSession(ctx) ?? openSession(ctx);
      const choice = readAuthorizationChoice(fields, resource);
      const url = await takeTurn(session, () => beginAuthorization(session, choice, deps));
      seeOther(ctx, url ?? sessionUrl);
    }),
  );

  router.post(
    "/playground/client-credentials",
    form(async (ctx, fields) => {
      const session = findSession(ctx) ?? openSession(ctx);
      const api = readResource(fields, resource);
      await takeTurn(session, () => requestClientCredentials(session, api, deps));
      seeOther(ctx, sessionUrl);
    }),
  );

  router.get("/playground/callback", async (ctx) => {
    const session = findSession(ctx);
    if (session === undefined) return problems.lostSession(ctx);
    const answer = readAnswer(ctx);
    const known = await takeTurn(session, () => finishAuthorization(session, answer, deps));
    if (known) return seeOther(ctx, sessionUrl);
    problems.unknownAnswer(ctx);
  });

  router.get("/playground/session", (ctx) => {
    const session = findSession(ctx);
    if (session === undefined) return problems.lostSession(ctx);
    const nowSeconds = clock.nowSeconds();
    render(ctx, "playground/session", createSessionView(session, { base, nowSeconds }));
  });

  router.post(
    "/playground/steps",
    form(async (ctx, { step = "" }) => {
      const session = findSession(ctx);
      if (session === undefined) return problems.lostSession(ctx);
      if (step === "start-over") return startOver(ctx, session);
      if (step === "sign-out") return signOut(ctx, session);
      const take = Object.hasOwn(STEPS, step) ? STEPS[step] : undefined;
      const taken = take !== undefined && (await takeTurn(session, () => take(session, deps)));
      return taken ? seeOther(ctx, sessionUrl) : problems.staleStep(ctx);
    }),
  );

  function startOver(ctx: Context, { id }: PlaygroundSession): void {
    sessions.remove(id);
    ctx.cookies.set(COOKIE, null, { signed: false, path: base });
    seeOther(ctx, base);
  }

  async function signOut(ctx: Context, session: PlaygroundSession): Promise<void> {
    const url = await takeTurn(session, () => beginSignOut(session, deps));
    if (url === undefined) return problems.staleStep(ctx);
    seeOther(ctx, url === "failed" ? sessionUrl : url.href);
  }

  function findSession(ctx: Context): PlaygroundSession | undefined {
    return sessions.find(ctx.cookies.get(COOKIE, { signed: false }));
  }

  function openSession(ctx: Context): PlaygroundSession {
    const session = sessions.create();
    // Unguessable, so a signature would add nothing.
    const options = { httpOnly: true, sameSite: "lax", signed: false } as const;
    ctx.cookies.set(COOKIE, session.id, { ...options, path: base });
    return session;
  }

  /** Lax cookies stay behind on posts of other sites; posts of a sibling site are refused here. */
  function form(handle: (ctx: Context, fields: Readonly<Record<string, string>>) => unknown) {
    return async (ctx: Context): Promise<void> => {
      if (!isSameOrigin(ctx, origin)) return problems.forgedForm(ctx);
      if (deps.clientSecret() === "") return problems.notRegistered(ctx);
      await handle(ctx, await readForm(ctx));
    };
  }
}

function seeOther(ctx: Context, url: string): void {
  ctx.status = 303;
  ctx.redirect(url);
}
