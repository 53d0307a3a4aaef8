import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Koa from "koa";
import { loadAssets } from "../../src/http/assets.js";
import { createRenderer, type Renderer } from "../../src/http/render.js";
import { createSecurityHeaders } from "../../src/http/security-headers.js";
import { PAGE_SAMPLES } from "./page-samples.js";
import { translators } from "./translators.js";

export const VIEWS = fileURLToPath(new URL("../../../views", import.meta.url));

export interface SampleServer {
  /** Where the sample of that name (`<view>.<state>`) is shown, in the language that is accepted. */
  url(name: string): string;
  close(): Promise<void>;
}

/**
 * Serves the samples with the renderer, assets and policy of the product.
 *
 * @param viewsDirectory the product's unless given; may hold a page "components" more.
 */
export async function startSampleServer(viewsDirectory = VIEWS): Promise<SampleServer> {
  const assets = loadAssets({ directory: join(viewsDirectory, "assets"), basePath: "" });
  const renderer = createRenderer({ viewsDirectory, translators, assets, basePath: "" });
  const app = new Koa();
  app.use((ctx, next) => {
    // The pages say which host they are on: let it be one that stays the same in every picture.
    ctx.req.headers.host = "id.example.org";
    return next();
  });
  app.use(createSecurityHeaders("http://id.example.org"));
  app.use(assets.serve);
  app.use((ctx) => showSample(ctx, renderer));
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: (name) => `http://127.0.0.1:${port}/page/${name}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function showSample(ctx: Koa.Context, renderer: Renderer): void {
  const name = ctx.path.slice("/page/".length);
  if (name === "components") return renderer.render(ctx, "components" as "home", {} as never);
  const sample = PAGE_SAMPLES.find(({ view, state }) => `${view}.${state}` === name);
  if (sample) renderer.render(ctx, sample.view, sample.data, sample.status);
}
