import { expect } from "chai";
import { LANGUAGE_TAGS } from "../../src/language/languages.js";
import { auditPage, auditWords } from "../support/audit-page.js";
import { describeInBrowser } from "../support/describe-in-browser.js";
import { PAGE_SAMPLES } from "../support/page-samples.js";
import { startSampleServer, type SampleServer } from "../support/sample-server.js";

/** Many pages in each test: seconds on a quiet machine, minutes on a busy one. */
const TIMEOUT_MS = 300_000;

const VIEWS = new Set(PAGE_SAMPLES.map(({ view }) => view));
/** The outbox of development frames a mail, which is not among the samples. */
const MAIL_IN_ITS_FRAME = /Framing|postMessage/;
/** English shows every state; the states take turns with the others. `npm run audit:pages` has all. */
const OTHER_LANGUAGES = LANGUAGE_TAGS.filter((tag) => tag !== "en");

describeInBrowser("pages that everybody can use (WCAG 2.2 AA, by axe-core)", ({ open }) => {
  let server: SampleServer;
  before(async () => {
    server = await startSampleServer();
  });
  after(() => server.close());

  const samplesOf = (view: string) =>
    PAGE_SAMPLES.flatMap((sample, index) =>
      sample.view === view ? [{ name: `${view}.${sample.state}`, index }] : [],
    );

  for (const view of VIEWS) {
    it(`${view}: both schemes, two widths, every state; reflow, zoom, forced colours, no motion`, async function () {
      this.timeout(TIMEOUT_MS);
      const page = await open({
        reducedMotion: "reduce",
        locale: "en",
        expectedComplaint: MAIL_IN_ITS_FRAME,
      });
      const problems: string[] = [];
      for (const { name } of samplesOf(view)) {
        const found = await auditPage(page, server.url(name));
        problems.push(...found.map((line) => `${name}: ${line}`));
      }
      expect(problems).to.deep.equal([]);
    });
  }

  for (const [turn, locale] of OTHER_LANGUAGES.entries()) {
    it(`in ${locale}: its words break nothing`, async function () {
      this.timeout(TIMEOUT_MS);
      const page = await open({
        reducedMotion: "reduce",
        locale,
        expectedComplaint: MAIL_IN_ITS_FRAME,
      });
      const problems: string[] = [];
      for (const [index, { view, state }] of PAGE_SAMPLES.entries()) {
        if (index % OTHER_LANGUAGES.length !== turn) continue;
        const name = `${view}.${state}`;
        const found = await auditWords(page, server.url(name));
        problems.push(...found.map((line) => `${name}: ${line}`));
      }
      expect(problems).to.deep.equal([]);
    });
  }
});
