import { existsSync } from "node:fs";
import { expect } from "chai";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { CHROMIUM, openBrowser } from "./browser.js";
import { reportMissing } from "./missing-services.js";

const HOW_TO_GET_CHROMIUM =
  "install Debian's package chromium, or set CHROMIUM_PATH to where Chromium is";

/** A busy machine paints the first page late. */
const TIMEOUT_MS = 180_000;

export interface BrowserSuite {
  /** A person at a browser without history or cookies. Closed after the test. */
  open(options?: VisitorOptions): Promise<Page>;
}

export interface VisitorOptions extends BrowserContextOptions {
  /** What the browser may complain of in this test: nothing unless given. */
  readonly expectedComplaint?: RegExp;
}

/**
 * A suite in Chromium, one browser for all its tests. After each test its pages must have run
 * without a word in the console: no violation of the policy, no failed request, no script error.
 */
export function describeInBrowser(title: string, body: (suite: BrowserSuite) => void): void {
  // Decided here and not in a hook: a skipped suite must not start and close its servers.
  const define = isMissing() ? describe.skip : describe;
  define(title, function () {
    this.timeout(TIMEOUT_MS);
    let browser: Browser | undefined;
    let visitors: { context: BrowserContext; complaints: string[] }[] = [];

    before(async () => {
      browser = await openBrowser();
    });
    after(() => browser?.close());

    afterEach(async () => {
      const ended = visitors;
      visitors = [];
      for (const { context } of ended) await context.close();
      expect(ended.flatMap(({ complaints }) => complaints)).to.deep.equal([]);
    });

    body({
      async open({ expectedComplaint, ...options } = {}) {
        if (browser === undefined) throw new Error("no browser");
        const context = await browser.newContext(options);
        visitors.push({ context, complaints: collectComplaints(context, expectedComplaint) });
        return context.newPage();
      },
    });
  });
}

/** Never in CI, where the launch then fails and says why. */
function isMissing(): boolean {
  if (process.env["CI"] === "true" || existsSync(CHROMIUM)) return false;
  reportMissing("tests in Chromium", HOW_TO_GET_CHROMIUM);
  return true;
}

/** Defines the same tests for a browser that runs scripts and for one that does not. */
export function withAndWithoutScript(
  body: (options: { javaScriptEnabled: boolean }) => void,
): void {
  for (const javaScriptEnabled of [true, false]) {
    describe(javaScriptEnabled ? "with script" : "without script", () => {
      body({ javaScriptEnabled });
    });
  }
}

function collectComplaints(context: BrowserContext, expected: RegExp | undefined): string[] {
  const complaints: string[] = [];
  const complain = (text: string) => {
    if (expected === undefined || !expected.test(text)) complaints.push(text);
  };
  context.on("console", (message) => {
    const { url } = message.location();
    // Chromium reports the status of an error page as an error in it.
    const ownStatus = url === message.page()?.url() && /status of [45]/.test(message.text());
    // Whoever was quicker than the page to choose a field keeps it.
    const ownFocus = message.text().startsWith("Autofocus processing was blocked");
    if (!ownStatus && !ownFocus) complain(`${message.type()}: ${message.text()} (${url})`);
  });
  context.on("weberror", (error) => complain(`script: ${error.error().message}`));
  context.on("requestfailed", (request) => {
    const failure = request.failure()?.errorText ?? "";
    // A request that the next one overtakes.
    if (failure !== "net::ERR_ABORTED") complain(`${request.url()}: ${failure}`);
  });
  return complaints;
}
