/**
 * The stylesheet, the script and the icon of the pages: read once, addressed by their content,
 * served from memory. The pages (`render.ts`) ask for the addresses, `app.ts` uses `serve`.
 * Nothing else is ever read from the disk for a request.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress } from "node:zlib";
import type { Context, Middleware, Next } from "koa";
import type { Theme } from "../lib/theme.js";
import { themeCss } from "./theme-css.js";

/** Every file that a page may ask for. */
export type AssetName =
  | "latchkey.css"
  | "latchkey.js"
  | "passkey.js"
  | "print.js"
  | "resend.js"
  | "icon.svg";

const compress = promisify(brotliCompress);

/** 1 year, the longest that RFC 9111 caches honour: another content has another address. */
const CACHE_SECONDS = 31_536_000;

export interface AssetsDeps {
  /** Holds the files of `AssetName`. */
  readonly directory: string;
  /** Path of the issuer without a slash at its end; "" at the root of the host. */
  readonly basePath: string;
  readonly theme?: Theme | undefined;
}

export interface Assets {
  /** The path under which a page links the file, `<basePath>/assets/latchkey.<hash>.css`. */
  readonly url: (name: AssetName) => string;
  /** Of the operator's own logo, which is shown as a picture alone. */
  readonly logoUrl: string | undefined;
  /** Answers everything below `<basePath>/assets/` and passes on the rest. */
  readonly serve: Middleware;
}

interface Asset {
  readonly path: string;
  readonly type: string;
  readonly hash: string;
  readonly plain: Buffer;
  /** Made when the first browser asks for it: it takes longer than the rest of a start. */
  readonly brotli: () => Promise<Buffer>;
}

/** @throws the error of the file system when a file is missing: a release without it must not start. */
export function loadAssets({ directory, basePath, theme = {} }: AssetsDeps): Assets {
  const prefix = `${basePath}/assets/`;
  const load = (name: AssetName, type: string, more = ""): Asset =>
    create(name, type, Buffer.concat([readFileSync(join(directory, name)), Buffer.from(more)]));
  const create = (name: string, type: string, plain: Buffer): Asset => {
    /** 64 bits: enough to tell the contents of a few files apart; it is no secret. */
    const hash = createHash("sha256").update(plain).digest("hex").slice(0, 16);
    const path = `${prefix}${name.replace(".", `.${hash}.`)}`;
    let compressed: Promise<Buffer> | undefined;
    return { path, type, hash, plain, brotli: () => (compressed ??= compress(plain)) };
  };
  const byName: Record<AssetName, Asset> = {
    "latchkey.css": load("latchkey.css", "text/css; charset=utf-8", themeCss(theme)),
    "latchkey.js": load("latchkey.js", "text/javascript; charset=utf-8"),
    "passkey.js": load("passkey.js", "text/javascript; charset=utf-8"),
    "print.js": load("print.js", "text/javascript; charset=utf-8"),
    "resend.js": load("resend.js", "text/javascript; charset=utf-8"),
    "icon.svg": load("icon.svg", "image/svg+xml"),
  };
  const { logo } = theme;
  const ownLogo = logo && create("logo.", logo.type, Buffer.from(logo.base64, "base64"));
  const all = ownLogo === undefined ? Object.values(byName) : [...Object.values(byName), ownLogo];
  const byPath = new Map(all.map((asset) => [asset.path, asset]));

  return {
    url: (name) => byName[name].path,
    logoUrl: ownLogo?.path,

    serve(ctx: Context, next: Next) {
      // The address that the browser asked for, whatever a mount has cut from `ctx.path`.
      if (!ctx.originalUrl.startsWith(prefix)) return next();
      const [path = ""] = ctx.originalUrl.split("?", 1);
      return respond(ctx, byPath.get(path));
    },
  };
}

async function respond(ctx: Context, asset: Asset | undefined): Promise<void> {
  if (!asset) {
    ctx.status = 404;
    ctx.set("Cache-Control", "no-store");
    ctx.body = "Not found";
    return;
  }
  if (ctx.method !== "GET" && ctx.method !== "HEAD") {
    ctx.status = 405;
    ctx.set("Allow", "GET, HEAD");
    ctx.body = "Method not allowed";
    return;
  }

  const compressed = ctx.acceptsEncodings("br", "identity") === "br";
  ctx.status = 200;
  ctx.vary("Accept-Encoding");
  ctx.set("Cache-Control", `public, max-age=${CACHE_SECONDS}, immutable`);
  // A strong validator names one sequence of bytes, so each encoding has its own (RFC 9110 §8.8.3).
  ctx.etag = compressed ? `${asset.hash}-br` : asset.hash;
  if (ctx.fresh) {
    ctx.status = 304;
    return;
  }
  if (compressed) ctx.set("Content-Encoding", "br");
  ctx.type = asset.type;
  ctx.body = compressed ? await asset.brotli() : asset.plain;
}
