/**
 * Shows every page in every state: `node dist/test/support/page-gallery.js <folder>`.
 *
 * Serves the samples with the renderer, assets and policy of the product, takes screenshots with
 * script off at two widths in both schemes, and ends with 1 when a page breaks one of the rules
 * that a browser can check.
 */
import { mkdirSync } from "node:fs";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { openBrowser } from "./browser.js";
import {
  checkFocus,
  checkLargeText,
  checkReflow,
  checkStructure,
  checkTargets,
} from "./page-checks.js";
import { PAGE_SAMPLES } from "./page-samples.js";
import { startSampleServer, VIEWS, type SampleServer } from "./sample-server.js";

const WIDTHS = [360, 1280];
const SCHEMES = ["light", "dark"] as const;
/** A long page on a busy machine; the default of 30 s was seen to be too short. */
const TIMEOUT_MS = 120_000;

/** Not a page of the product: every component for wide pages, to see that they fit together. */
const COMPONENTS = `{% extends "layout.njk" %}
{% block title %}Components{% endblock %}
{% block width %}wide{% endblock %}
{% block actions %}<a href="/">Start page</a>{% endblock %}
{% block content %}
<h1>Try a sign-in</h1>
<p class="lede">Each step shows what your app sends and what comes back.</p>
<p class="badges"><span class="badge badge--success">Active</span> <span class="badge badge--neutral">Public client</span>
  <span class="badge badge--caution">Development</span> <span class="badge badge--danger">Revoked</span></p>
<section class="card">
  <h2>Authorization code</h2>
  <ol class="steps">
    <li>Send the person to the authorization endpoint with a code challenge.</li>
    <li>Exchange the code.<pre class="code" tabindex="0"><code>POST /token HTTP/1.1
Content-Type: application/x-www-form-urlencoded

grant_type=authorization_code&amp;code=abc&amp;code_verifier=a-very-long-verifier-that-does-not-fit-on-a-phone</code></pre></li>
    <li>Read the claims.</li>
  </ol>
  <p class="actions"><a class="button button--primary" href="/">Start</a><a class="button button--secondary" href="/">Copy the request</a><a class="button button--quiet" href="/">Read how it works</a></p>
</section>
<section class="card">
  <h2>ID token</h2>
  <dl class="facts"><div><dt>iss</dt><dd class="mono">https://id.example.org</dd></div><div><dt>sub</dt><dd class="mono">b7c1</dd></div></dl>
  <div class="table" tabindex="0" role="region" aria-label="Claims"><table><thead><tr><th scope="col">Claim</th><th scope="col">Value</th><th scope="col">Meaning</th></tr></thead>
    <tbody><tr><th scope="row">aud</th><td class="mono">playground</td><td>The client that the token is for</td></tr><tr><th scope="row">exp</th><td class="mono">1795362005</td><td>When it ends</td></tr></tbody></table></div>
  <details class="details"><summary>The same with curl</summary><pre class="command">curl -s https://id.example.org/.well-known/openid-configuration</pre></details>
  <details class="details" open><summary>Open by default</summary><p>Some words inside.</p></details>
</section>
{% endblock %}`;

async function main(folder: string, only: RegExp): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const views = await mkdtemp(join(tmpdir(), "latchkey-views-"));
  await cp(VIEWS, views, { recursive: true });
  await writeFile(join(views, "components.njk"), COMPONENTS);

  const { url, close } = await startSampleServer(views);
  const browser = await openBrowser();
  const problems: string[] = [];
  try {
    const shown = pages().filter((name) => only.test(name));
    await photograph(browser, { url, folder, shown });
    for (const name of shown) {
      const found = await check(browser, url(name));
      problems.push(...found.map((problem) => `${name}: ${problem}`));
    }
    problems.push(...(await checkReveal(browser, url("login.first"))));
  } finally {
    await browser.close();
    await close();
    await rm(views, { recursive: true });
  }
  console.log(problems.length === 0 ? "All pages keep the rules." : problems.join("\n"));
  process.exitCode = problems.length === 0 ? 0 : 1;
}

function pages(): string[] {
  return [...PAGE_SAMPLES.map(({ view, state }) => `${view}.${state}`), "components"];
}

/** One page per width and scheme, opened once: a fresh one for each picture takes minutes. */
async function photograph(
  browser: Browser,
  { url, folder, shown }: { url: SampleServer["url"]; folder: string; shown: readonly string[] },
): Promise<void> {
  for (const width of WIDTHS) {
    for (const colorScheme of SCHEMES) {
      const page = await browser.newPage({
        viewport: { width, height: width < 600 ? 740 : 900 },
        colorScheme,
        javaScriptEnabled: false,
        deviceScaleFactor: width < 600 ? 2 : 1,
      });
      for (const name of shown) {
        await page.goto(url(name));
        const file = join(folder, `${name}.${width}.${colorScheme}.png`);
        await page.screenshot({ path: file, fullPage: true, timeout: TIMEOUT_MS });
      }
      await page.close();
    }
  }
}

/** What is wrong with the page, in words; empty when nothing is. */
async function check(browser: Browser, url: string): Promise<string[]> {
  const page = await browser.newPage({
    viewport: { width: 320, height: 640 },
    javaScriptEnabled: false,
  });
  const problems: string[] = [];
  page.on("console", (message) => {
    // Chromium reports the status of an error page as an error in it.
    const ownStatus = message.location().url === url && /status of [45]/.test(message.text());
    if (message.type() === "error" && !ownStatus) problems.push(message.text());
  });
  page.on("requestfailed", (request) => problems.push(`failed ${request.url()}`));
  const answer = await page.goto(url);

  problems.push(
    ...(await checkStructure(page, answer?.status() ?? 0)),
    ...(await checkReflow(page, "at 320 px")),
    ...(await checkTargets(page)),
    ...(await checkFocus(page)),
  );
  await page.setViewportSize({ width: 640, height: 640 });
  problems.push(...(await checkLargeText(page)));
  await page.close();
  return problems;
}

async function checkReveal(browser: Browser, url: string): Promise<string[]> {
  const page = await browser.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(`login with script: ${error.message}`));
  await page.goto(url);
  const type = () => page.getAttribute("#password", "type");
  const button = page.getByRole("button", { name: "Show password" });
  await page.fill("#identifier", "person");
  await page.fill("#password", "secret");
  await button.click();
  if ((await type()) !== "text") problems.push("login: the password does not show");
  if ((await button.getAttribute("aria-pressed")) !== "true") problems.push("login: not pressed");
  await page.evaluate(() => {
    // Keeps the page, to see what the submit left.
    document.querySelector("form")?.addEventListener("submit", (event) => event.preventDefault());
  });
  await page.getByRole("button", { name: "Sign in" }).click();
  if ((await type()) !== "password") problems.push("login: the password stays shown on submit");
  await page.close();
  return problems;
}

const [folder, only = ""] = process.argv.slice(2);
if (!folder) throw new Error("Usage: page-gallery <folder> [what the names of the pages match]");
await main(folder, new RegExp(only));
