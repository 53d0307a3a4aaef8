import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, request, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { expect } from "chai";
import Koa from "koa";
import mount from "koa-mount";
import { loadAssets, type AssetName } from "../../../src/http/assets.js";

const CONTENT: Record<AssetName, string> = {
  "latchkey.css": "body { color: CanvasText }\n".repeat(50),
  "latchkey.js": "// nothing\n",
  "passkey.js": "// nothing either\n",
  "print.js": "// nor here\n",
  "resend.js": "// nor there\n",
  "icon.svg": "<svg/>",
};

interface Answer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

describe("assets", () => {
  let directory: string;
  let server: Server;

  beforeEach(async () => {
    // One that never listens, for the tests that only load.
    server = createServer();
    directory = await mkdtemp(join(tmpdir(), "latchkey-assets-"));
    for (const [name, content] of Object.entries(CONTENT)) {
      await writeFile(join(directory, name), content);
    }
  });

  afterEach(async () => {
    server.close();
    await rm(directory, { recursive: true });
  });

  async function open(app: Koa): Promise<void> {
    app.use((ctx) => {
      ctx.body = "next";
    });
    server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
  }

  async function openAssets(basePath = "") {
    const assets = loadAssets({ directory, basePath });
    await open(new Koa().use(assets.serve));
    return assets;
  }

  /** `fetch` would decode the body and add headers of its own. */
  async function ask(path: string, method = "GET", headers = {}): Promise<Answer> {
    const { port } = server.address() as AddressInfo;
    const outgoing = request({ host: "127.0.0.1", port, path, method, headers }).end();
    const [incoming] = await once(outgoing, "response");
    const body = Buffer.concat(await incoming.toArray());
    return { status: incoming.statusCode, headers: incoming.headers, body };
  }

  it("puts the hash of the content into the address, below the path of the issuer", () => {
    const assets = loadAssets({ directory, basePath: "/auth" });
    expect(assets.url("latchkey.css")).to.match(/^\/auth\/assets\/latchkey\.[0-9a-f]{16}\.css$/);
    expect(assets.url("icon.svg")).to.match(/^\/auth\/assets\/icon\.[0-9a-f]{16}\.svg$/);
  });

  it("changes the address with the content, and only with it", async () => {
    const first = loadAssets({ directory, basePath: "" });
    const same = loadAssets({ directory, basePath: "" });
    await writeFile(join(directory, "latchkey.css"), "body { color: red }");
    const changed = loadAssets({ directory, basePath: "" });
    expect(same.url("latchkey.css")).to.equal(first.url("latchkey.css"));
    expect(changed.url("latchkey.css")).not.to.equal(first.url("latchkey.css"));
    expect(changed.url("latchkey.js")).to.equal(first.url("latchkey.js"));
  });

  it("refuses to start when a file is missing", async () => {
    await rm(join(directory, "latchkey.js"));
    expect(() => loadAssets({ directory, basePath: "" })).to.throw(/latchkey\.js/);
  });

  const types: [AssetName, string][] = [
    ["latchkey.css", "text/css; charset=utf-8"],
    ["latchkey.js", "text/javascript; charset=utf-8"],
    ["icon.svg", "image/svg+xml"],
  ];
  for (const [name, type] of types) {
    it(`serves ${name} as ${type}, to be kept for a year without asking`, async () => {
      const assets = await openAssets();
      const { status, headers, body } = await ask(assets.url(name));
      expect(status).to.equal(200);
      expect(headers["content-type"]).to.equal(type);
      expect(headers["cache-control"]).to.equal("public, max-age=31536000, immutable");
      expect(headers.vary).to.equal("Accept-Encoding");
      expect(headers.etag).to.match(/^"[0-9a-f]{16}"$/);
      expect(body.toString()).to.equal(CONTENT[name]);
    });
  }

  it("answers HEAD with the headers of GET and no body (RFC 9110 §9.3.2)", async () => {
    const assets = await openAssets();
    const { status, headers, body } = await ask(assets.url("latchkey.css"), "HEAD");
    expect(status).to.equal(200);
    expect(headers["content-length"]).to.equal(String(CONTENT["latchkey.css"].length));
    expect(headers["content-type"]).to.equal("text/css; charset=utf-8");
    expect(body).to.have.length(0);
  });

  it("answers 304 to the validator it gave, and 200 to another (RFC 9110 §13.1.2)", async () => {
    const assets = await openAssets();
    const url = assets.url("latchkey.css");
    const { headers } = await ask(url);
    const again = await ask(url, "GET", { "If-None-Match": headers.etag });
    const other = await ask(url, "GET", { "If-None-Match": '"other"' });
    expect(again.status).to.equal(304);
    expect(again.body).to.have.length(0);
    expect(again.headers.etag).to.equal(headers.etag);
    expect(again.headers["cache-control"]).to.match(/immutable/);
    expect(other.status).to.equal(200);
  });

  it("compresses for those who ask, with a validator of its own (RFC 9110 §8.8.3)", async () => {
    const assets = await openAssets();
    const url = assets.url("latchkey.css");
    const plain = await ask(url);
    const packed = await ask(url, "GET", { "Accept-Encoding": "gzip, br" });
    expect(packed.headers["content-encoding"]).to.equal("br");
    expect(packed.headers.etag).not.to.equal(plain.headers.etag);
    expect(brotliDecompressSync(packed.body).toString()).to.equal(CONTENT["latchkey.css"]);
    const refusing = await ask(url, "GET", { "Accept-Encoding": "br;q=0" });
    expect(refusing.headers["content-encoding"]).to.equal(undefined);
  });

  for (const path of [
    "/assets/latchkey.0000000000000000.css",
    "/assets/latchkey.css",
    "/assets/",
    "/assets/../package.json",
    "/assets/%2e%2e/package.json",
    "/assets/constructor",
  ]) {
    it(`answers 404 to ${path}, which no cache keeps`, async () => {
      await openAssets();
      const { status, headers } = await ask(path);
      expect(status).to.equal(404);
      expect(headers["cache-control"]).to.equal("no-store");
    });
  }

  it("refuses other methods", async () => {
    const assets = await openAssets();
    const { status, headers } = await ask(assets.url("latchkey.css"), "POST");
    expect(status).to.equal(405);
    expect(headers.allow).to.equal("GET, HEAD");
  });

  it("passes on every other path, one that only begins alike too", async () => {
    await openAssets("/auth");
    for (const path of ["/", "/auth", "/auth/assets", "/auth/assetsx", "/assets/latchkey.css"]) {
      const { body } = await ask(path);
      expect(body.toString()).to.equal("next");
    }
  });

  it("serves below a mount, which cuts the path, and whatever the query", async () => {
    const assets = loadAssets({ directory, basePath: "/auth" });
    await open(new Koa().use(mount("/auth", new Koa().use(assets.serve))));
    const { body } = await ask(`${assets.url("icon.svg")}?x=1`);
    expect(body.toString()).to.equal(CONTENT["icon.svg"]);
  });
});
