import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Router } from "@koa/router";
import { expect } from "chai";
import Koa from "koa";
import { createOwnRoutes } from "../../../src/http/own-routes.js";

describe("createOwnRoutes", () => {
  const router = new Router();
  router.get("/", (ctx) => void (ctx.body = "start page"));
  router.get("/health/live", (ctx) => void (ctx.body = "live"));
  router.get(
    "/interaction/:uid/continue",
    (ctx) => void (ctx.body = `on with ${ctx.params["uid"]}`),
  );
  const koa = new Koa();
  koa.use(createOwnRoutes(router));
  koa.use((ctx) => void (ctx.body = "the library"));
  const handle = koa.callback();
  const server = createServer((req, res) => void handle(req, res));
  before(() => once(server.listen(0, "127.0.0.1"), "listening"));
  after(() => server.close());

  for (const [path, answer] of [
    ["/", "start page"],
    ["/health/live", "live"],
    ["/Health/LIVE/", "live"],
    ["/interaction/abc/continue?x=1", "on with abc"],
    ["/health/other", "the library"],
    ["/interaction", "the library"],
    ["/token", "the library"],
    ["/healthy", "the library"],
  ]) {
    it(`leaves ${path} to ${answer === "the library" ? "what comes after" : "its route"}`, async () => {
      const { port } = server.address() as AddressInfo;
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      expect(await response.text()).to.equal(answer);
    });
  }
});
