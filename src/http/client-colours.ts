/**
 * The accent of the pages about one client, as a stylesheet after the main one: no page carries a
 * style of its own (the content security policy forbids it).
 */
import { hash } from "node:crypto";
import type Router from "@koa/router";
import type { ClientStore } from "../clients/client-store.js";
import { deriveClientColours } from "../lib/client-colours.js";
import type { Theme } from "../lib/theme.js";
import { schemesCss } from "./theme-css.js";

/** 1 year: another sheet has another address. */
const CACHE_SECONDS = 31_536_000;

export interface ClientColoursDeps {
  readonly clients: Pick<ClientStore, "find">;
  readonly theme?: Theme | undefined;
  /** Path of the issuer without a slash at its end; "" at the root of the host. */
  readonly basePath: string;
}

/** Address of the sheet of a client's colour; undefined when it has none of its own. */
export type FindAccentUrl = (clientId: string) => Promise<string | undefined>;

/** A colour that the theme of today makes illegible changes nothing. */
export function createFindAccentUrl({
  clients,
  theme,
  basePath,
}: ClientColoursDeps): FindAccentUrl {
  return async (clientId) => {
    const colour = (await clients.find(clientId))?.policy.colour;
    const css = colour === undefined ? undefined : accentCss(colour, theme);
    if (colour === undefined || css === undefined) return undefined;
    const version = hash("sha256", css, "base64url").slice(0, 8);
    return `${basePath}/client-colours/${colour.slice(1)}.css?v=${version}`;
  };
}

/** `/client-colours/:colour.css`, of six hexadecimal digits: it says nothing about any client. */
export function addClientColourRoute(
  router: Router,
  { theme }: Pick<ClientColoursDeps, "theme">,
): void {
  router.get("/client-colours/:file", (ctx) => {
    const { file = "" }: { file?: string } = ctx["params"];
    const [, digits] = /^([0-9a-f]{6})\.css$/.exec(file) ?? [];
    const css = digits === undefined ? undefined : accentCss(`#${digits}`, theme);
    if (css === undefined) {
      ctx.status = 404;
      ctx.type = "text/plain";
      ctx.body = "There is no such colour.";
      return;
    }
    ctx.set("Cache-Control", `public, max-age=${CACHE_SECONDS}, immutable`);
    ctx.type = "text/css";
    ctx.body = css;
  });
}

function accentCss(colour: string, theme: Theme | undefined): string | undefined {
  const colours = deriveClientColours(colour, theme);
  return typeof colours === "string" ? undefined : schemesCss(colours).join("\n");
}
