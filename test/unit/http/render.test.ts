import { once } from "node:events";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import Koa, { type Context } from "koa";
import { createRenderer, type Renderer } from "../../../src/http/render.js";
import type { ViewName, Views } from "../../../src/http/views.js";
import { translators } from "../../support/translators.js";
import { PAGE_SAMPLES, type PageSample } from "../../support/page-samples.js";

const VIEWS = fileURLToPath(new URL("../../../../views", import.meta.url));
const BASE_PATH = "/auth";
const assets = { url: (name: string) => `${BASE_PATH}/assets/${name}` };

/** Breaks out of text and of attributes of either quote, unless it is escaped. */
const MARKUP = `zq"zq'zq<b>end`;

function createTestRenderer(viewsDirectory = VIEWS): Renderer {
  return createRenderer({ viewsDirectory, translators, assets, basePath: BASE_PATH });
}

/** Replaces every string in the data, however deep. */
function mapStrings<T>(value: T, change: (text: string) => string): T {
  const map = (part: unknown): unknown => {
    if (typeof part === "string") return change(part);
    if (Array.isArray(part)) return part.map(map);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(
      // What a page says of its own, and how: no value that it is told.
      Object.entries(part).map(([name, inner]) => [
        name,
        ["key", "show", "unit"].includes(name) ? inner : map(inner),
      ]),
    );
  };
  return map(value) as T;
}

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("'", "&#39;")
    .replaceAll('"', "&quot;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}

describe("renderer", () => {
  const { render } = createTestRenderer();
  let server: Server;
  let origin: string;
  let handle: (ctx: Context) => void;

  before(async () => {
    const app = new Koa();
    app.silent = true;
    app.use((ctx) => handle(ctx));
    server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  after(() => {
    server.close();
  });

  async function show<V extends ViewName>(view: V, data: Views[V], status?: number) {
    handle = (ctx) => render(ctx, view, data, status);
    const response = await fetch(origin);
    return { response, html: await response.text() };
  }

  function showSample({ view, data, status }: PageSample) {
    return show(view, data, status);
  }

  it("keeps the status that it is given, though Koa makes a body a 200", async () => {
    const { response } = await show("device-done", { clientName: "TV", outcome: "refused" }, 404);
    expect(response.status).to.equal(404);
  });

  it("answers with HTML that no cache keeps (RFC 9700 §4.3)", async () => {
    const { response } = await show("device-done", { clientName: "TV", outcome: "connected" });
    expect(response.status).to.equal(200);
    expect(response.headers.get("Content-Type")).to.equal("text/html; charset=utf-8");
    expect(response.headers.get("Cache-Control")).to.equal("no-store");
  });

  it("leaves the context alone when the data lack what the page prints", async () => {
    let seen: { status: number; body: unknown; thrown: unknown } | undefined;
    handle = (ctx) => {
      let thrown: unknown;
      try {
        render(ctx, "device-done", { outcome: "connected" } as Views["device-done"], 200);
      } catch (error) {
        thrown = error;
      }
      seen = { status: ctx.status, body: ctx.body, thrown };
    };
    await fetch(origin);
    expect(String(seen?.thrown)).to.match(/undefined/);
    expect(seen).to.include({ status: 404, body: undefined });
  });

  it("accepts only the views that there are, with their own data", () => {
    // Compiled, never called: each line must be an error of the compiler.
    const refused = (ctx: Context) => {
      // @ts-expect-error -- no such view
      render(ctx, "log-in", {});
      // @ts-expect-error -- the data of another view
      render(ctx, "device-done", { host: "id.example.org", testUrl: "/" });
      // @ts-expect-error -- a value is missing
      render(ctx, "cookies-blocked", { host: "id.example.org" });
    };
    expect(refused).to.be.a("function");
  });

  for (const sample of PAGE_SAMPLES) {
    describe(`${sample.view}, ${sample.state}`, () => {
      it("makes markup in every value inert", async () => {
        const data = mapStrings(sample.data, (text) =>
          // A page chooses its words by these.
          ["connected", "refused", ""].includes(text) ? text : `https://x.example/${MARKUP}`,
        );
        const { response, html } = await showSample({ ...sample, data });
        expect(response.status).to.equal(sample.status);
        expect(html).not.to.match(/zq["'<]/);
      });

      it("carries no script, style or address that the policy would refuse", async () => {
        const { html } = await showSample(sample);
        expect(html).not.to.match(/\sstyle=|<style|\son[a-z]+=|<script(?![^>]*\ssrc=)/);
        for (const [, url] of html.matchAll(/(?:<link[^>]*href|<script[^>]*src)="([^"]*)"/g)) {
          expect(url).to.match(/^\/auth\/assets\//);
        }
        expect(html).to.match(/^<!doctype html>\n<html lang="en" dir="ltr">/);
      });

      it("posts every form", async () => {
        const { html } = await showSample(sample);
        for (const [form] of html.matchAll(/<form[^>]*>/g)) {
          expect(form).to.match(/method="post" action="\//);
        }
      });
    });
  }

  // The playground tells its own states apart, and has tests of its own for them.
  for (const sample of PAGE_SAMPLES.filter(({ view }) => !view.startsWith("playground/"))) {
    describe(`${sample.view}, ${sample.state}`, () => {
      it("shows everything that it is told", async () => {
        const { html } = await showSample(sample);
        const told: string[] = [];
        mapStrings(sample.data, (text) => {
          told.push(text);
          return text;
        });
        const kept = ["connected", "refused", "organisation", "http://helper.example/privacy"];
        // The host is named for an unverified client, and where the request returns.
        if (sample.state === "bare") kept.push("127.0.0.1:4000");
        // Not shown where there is no form, or no password.
        if (sample.view === "sign-up/done") kept.push("csrf-1");
        if (sample.state === "only-provider") kept.push("/sign-up", "/reset");
        for (const text of told.filter((word) => !kept.includes(word))) {
          expect(html).to.include(escape(text));
        }
      });

      it("says in the title whether it is an error", async () => {
        const { html } = await showSample(sample);
        const [, title = ""] = /<title>([^<]*)<\/title>/.exec(html) ?? [];
        // That something ended is no mistake of anyone.
        const isEnd = ["interaction-ended", "journey-ended"].includes(sample.view);
        const isError = sample.status >= 400 && !isEnd;
        expect(title.startsWith("Error: ")).to.equal(isError);
      });
    });
  }

  describe("login", () => {
    const find = (state: string) =>
      PAGE_SAMPLES.find((sample) => sample.view === "login" && sample.state === state);

    it("keeps the identifier after an error, empties the password, and leads to it", async () => {
      const sample = find("wrong");
      expect(sample).not.to.equal(undefined);
      const { html } = await showSample(sample as PageSample);
      expect(html).to.match(/<input id="identifier"[^>]*value="person@example.org"/);
      expect(html).not.to.match(/<input id="password"[^>]*value=/);
      expect(html).to.match(/role="alert" tabindex="-1" autofocus/);
      expect(html).to.include('<a href="#password">');
      expect(html.match(/aria-invalid="true" aria-describedby="password-error"/g)).to.have.length(
        2,
      );
      expect(html).to.include('id="password-error"');
    });

    it("offers to cancel in a form of its own with the same hidden fields", async () => {
      const { html } = await showSample(find("first") as PageSample);
      expect(html.match(/<form/g)).to.have.length(2);
      expect(html.match(/name="csrf_token" value="csrf-1"/g)).to.have.length(2);
      expect(html.match(/name="sealed_request" value="sealed-1"/g)).to.have.length(2);
      expect(html).to.include("Cancel and return to Example Notes");
    });
  });

  describe("links from outside", () => {
    const consent = PAGE_SAMPLES.find((sample) => sample.view === "consent");
    const withPolicy = (policyUri: string) => {
      const data = consent?.data as Views["consent"];
      return show("consent", { ...data, client: { ...data.client, policyUri } });
    };

    it("opens an https policy in a new tab, without telling where it came from", async () => {
      const { html } = await withPolicy("https://notes.example/privacy");
      expect(html).to.include(
        '<a href="https://notes.example/privacy" target="_blank" rel="noopener noreferrer">Privacy policy (opens in a new tab)</a>',
      );
    });

    for (const uri of ["http://notes.example/privacy", "javascript:alert(1)", "privacy", ""]) {
      it(`shows no link to the policy ${JSON.stringify(uri)}`, async () => {
        const { html } = await withPolicy(uri);
        expect(html).not.to.include("Privacy policy");
      });
    }

    it("does not lead from the signed-out page to a script", async () => {
      const { html } = await show("signed-out", {
        stayed: false,
        effects: { told: [], untold: [], offline: [] },
        stillHere: [],
        accountUrl: "/account",
        clientName: "Notes",
        clientUri: "javascript:alert(1)",
      });
      expect(html).not.to.include("javascript:");
      expect(html).to.include("You are signed out");
    });
  });

  describe("at the start", () => {
    let directory: string;

    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), "latchkey-render-"));
      await cp(VIEWS, directory, { recursive: true });
    });

    afterEach(() => rm(directory, { recursive: true }));

    it("refuses a template that does not compile, even one that is only included", async () => {
      await writeFile(join(directory, "partials", "broken.njk"), "{% if %}");
      expect(() => createTestRenderer(directory)).to.throw(/broken\.njk/);
    });

    it("refuses to start without the template of a view", async () => {
      await rm(join(directory, "overloaded.njk"));
      expect(() => createTestRenderer(directory)).to.throw(/overloaded\.njk/);
    });

    it("reads no template again for a request", async () => {
      const own = createTestRenderer(directory);
      for (const sample of PAGE_SAMPLES) {
        handle = (ctx) => own.render(ctx, sample.view, sample.data);
        await fetch(origin);
      }
      await writeFile(join(directory, "layout.njk"), "changed");
      handle = (ctx) => own.render(ctx, "device-done", { clientName: "TV", outcome: "connected" });
      const response = await fetch(origin);
      expect(await response.text()).to.include("Your device is connected");
    });
  });
});
