import type Router from "@koa/router";
import type { Renderer } from "./render.js";

export interface CookieCheckDeps {
  readonly render: Renderer["render"];
  readonly basePath: string;
}

const PROBE_COOKIE = "latchkey_probe";

/** Tells a browser that blocks cookies from one that merely has none of ours left. */
export function addCookieCheckRoutes(router: Router, { render, basePath }: CookieCheckDeps): void {
  router.get("/cookies/probe", (ctx) => {
    const path = `${basePath}/cookies`;
    ctx.cookies.set(PROBE_COOKIE, "1", { httpOnly: true, sameSite: "lax", signed: false, path });
    ctx.status = 303;
    ctx.redirect(`${path}/check`);
  });

  router.get("/cookies/check", (ctx) => {
    if (ctx.cookies.get(PROBE_COOKIE, { signed: false }) === undefined) {
      render(ctx, "cookies-blocked", { host: ctx.host, testUrl: `${basePath}/cookies/probe` }, 400);
      return;
    }
    const requestId = String(ctx.state["requestId"]);
    render(ctx, "interaction-ended", { requestId }, 410);
  });
}
