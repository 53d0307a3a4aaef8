import type Router from "@koa/router";
import type { Renderer } from "./render.js";

export interface HomeDeps {
  readonly config: { readonly issuer: string; readonly mode: "development" | "production" };
  readonly render: Renderer["render"];
  readonly basePath: string;
}

/** `/`: where people end up who follow "start page" links or type the address. */
export function addHomeRoute(router: Router, { config, render, basePath }: HomeDeps): void {
  // Browsers ask for it on the library's own pages, which name no icon.
  router.get("/favicon.ico", (ctx) => {
    ctx.status = 204;
  });

  router.get("/", (ctx) => {
    const developmentMode = config.mode === "development";
    render(ctx, "home", {
      issuer: config.issuer,
      discoveryUrl: `${config.issuer}/.well-known/openid-configuration`,
      developmentMode,
      ...(developmentMode ? { playgroundUrl: `${basePath}/playground` } : {}),
      accountUrl: `${basePath}/account`,
      deviceUrl: `${basePath}/device`,
    });
  });
}
