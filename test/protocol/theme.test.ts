import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { startTestServer, type TestServer } from "../support/test-server.js";

describe("a theme of the operator", () => {
  let server: TestServer;
  let directory: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "latchkey-theme-"));
    const theme = {
      product_name: "Example <ID>",
      logo: "logo.svg",
      light: { paper: "#f8fafc", accent: "#1d4ed8", "accent-strong": "#1e3a8a" },
      dark: { paper: "#0b1120" },
      radius_px: 5,
    };
    await writeFile(join(directory, "logo.svg"), "<svg xmlns='http://www.w3.org/2000/svg'/>");
    await writeFile(join(directory, "theme.json"), JSON.stringify(theme));
    server = await startTestServer({
      environment: { THEME_FILE: join(directory, "theme.json") },
    });
  });

  after(async () => {
    await server.close();
    await rm(directory, { recursive: true });
  });

  async function open(path: string): Promise<Response> {
    return fetch(server.issuer + path, { headers: { Accept: "text/html" } });
  }

  it("names the service and shows its logo, from here and as a picture alone", async () => {
    const html = await (await open("/")).text();
    expect(html).to.include(" – Example &lt;ID&gt;</title>");
    expect(html).to.include('content="#f8fafc" media="(prefers-color-scheme: light)"');
    const [, logo = ""] = /<img class="brand-logo" src="([^"]+)" alt="">/.exec(html) ?? [];
    expect(logo).to.match(/^\/assets\/logo\.[0-9a-f]{16}\.$/);
    const response = await open(logo);
    expect(response.headers.get("Content-Type")).to.equal("image/svg+xml");
    expect(response.headers.get("Content-Security-Policy")).to.include("default-src 'none'");
  });

  it("changes the colours, in the light scheme without reaching into the dark one", async () => {
    const html = await (await open("/")).text();
    const [, sheet = ""] = /<link rel="stylesheet" href="([^"]+)"/.exec(html) ?? [];
    const css = await (await open(sheet)).text();
    const added = css.slice(css.indexOf(":root {", css.indexOf("(forced-colors: active)")));
    expect(added).to.include("(prefers-contrast: more) { :root { --ink-soft: var(--ink);");
    expect(added).to.match(/^:root \{ [^}]*--accent: #1d4ed8;[^}]*--radius-m: 5px;/);
    expect(added).to.match(/prefers-color-scheme: dark\) \{ :root \{ [^}]*--paper: #0b1120;/);
    expect(added).to.match(/dark\) \{ :root \{ [^}]*--accent: (?!#1d4ed8)#[0-9a-f]{6};/);
  });
});
