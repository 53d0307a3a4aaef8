import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { LANGUAGE_TAGS, type Language } from "../../../src/language/languages.js";
import { createTranslators } from "../../../src/language/translators.js";
import { message } from "../../../src/lib/message.js";

type Words = Record<string, string>;

const WORDS: Words = {
  plain: "Tom & Jerry’s",
  name: "Sign in to {name}",
  bold: "You are on <b>{name}</b> & <code>{host}</code>",
  link: "Read <terms>our terms</terms>",
  devices: "{n, plural, one {# device} other {# devices}}",
  chosen: "{kind, select, a {First {name}} other {Other {name}}}",
};

describe("translators", () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "latchkey-messages-"));
    for (const language of LANGUAGE_TAGS) await writeWords(language, WORDS);
  });

  afterEach(() => rm(directory, { recursive: true }));

  async function writeWords(language: Language, words: Words | string): Promise<void> {
    await mkdir(join(directory, language), { recursive: true });
    const text = typeof words === "string" ? words : JSON.stringify(words);
    await writeFile(join(directory, language, "area.json"), text);
  }

  const create = () => createTranslators({ directory });
  const html = (...told: Parameters<ReturnType<typeof markup>>) => markup("en")(...told);
  const markup = (language: Language) => create().markupFor(language);

  it("escapes words and values, once each", () => {
    expect(html("area.plain")).to.equal("Tom &amp; Jerry’s");
    expect(html("area.name", { name: `<b>"&'` })).to.equal("Sign in to &lt;b&gt;&quot;&amp;&#39;");
    expect(create().englishOf("area.name", { name: "<b>&" })).to.equal("Sign in to <b>&");
  });

  it("writes tags as elements in HTML and as their words alone in text", () => {
    const values = { name: "<i>", host: "a&b" };
    expect(html("area.bold", values)).to.equal(
      'You are on <strong>&lt;i&gt;</strong> &amp; <span class="mono">a&amp;b</span>',
    );
    expect(create().englishOf("area.bold", values)).to.equal("You are on <i> & a&b");
  });

  it("links a tag to the value of its name, and never to a script", () => {
    expect(html("area.link", { terms: { href: "/terms?a=1&b=2" } })).to.equal(
      'Read <a href="/terms?a=1&amp;b=2">our terms</a>',
    );
    expect(html("area.link", { terms: { href: "https://a.example", isOutside: true } })).to.equal(
      'Read <a href="https://a.example" target="_blank" rel="noopener noreferrer">our terms</a>',
    );
    for (const href of ["javascript:alert(1)", "//evil.example", "data:text/html,x"]) {
      expect(() => html("area.link", { terms: { href } })).to.throw(/no address/);
    }
    expect(() => html("area.link")).to.throw(/<terms> has no link/);
  });

  it("tells messages inside messages, lists and times in the same language", () => {
    const name = message("area.name", { name: "<X>" });
    expect(html("area.name", { name })).to.equal("Sign in to Sign in to &lt;X&gt;");
    const list = ["A", "<B>", message("area.plain")];
    expect(markup("de")("area.name", { name: list })).to.equal(
      "Sign in to A, &lt;B&gt; und Tom &amp; Jerry’s",
    );
    const moment = { atSeconds: 1_772_546_700, show: "date-time" } as const;
    expect(markup("de")("area.name", { name: moment })).to.equal(
      "Sign in to 3. März 2026 um 14:05 UTC",
    );
    const inZone = (zone: string) => html("area.name", { name: moment }, zone);
    expect(inZone("Asia/Tokyo")).to.match(/March 3, 2026 at 23:05 GMT\+9$/);
    expect(inZone("Nowhere/Else")).to.match(/14:05 UTC$/);
    expect(html("area.name", { name: { ago: 3, unit: "hour" } })).to.include("3 hours ago");
    expect(html("area.devices", { n: 1 })).to.equal("1 device");
    expect(html("area.devices", { n: 1200 })).to.equal("1,200 devices");
  });

  it("isolates values in a language that runs to the left, and foreign ones everywhere", () => {
    expect(markup("ar")("area.name", { name: "Notes" })).to.equal("Sign in to \u2068Notes\u2069");
    expect(markup("ar")("area.chosen", { kind: "a", name: "N" })).to.equal("First \u2068N\u2069");
    const list = { name: ["A", "B"] };
    expect(markup("ar")("area.name", list)).to.include("\u2068A\u2069 و\u2068B\u2069");
    expect(html("area.name", { name: "Notes" })).to.equal("Sign in to Notes");
    expect(html("area.name", { name: "مثال" })).to.equal("Sign in to \u2068مثال\u2069");
  });

  it("refuses a key that there is not, and a message without its value", () => {
    expect(() => html("area.none")).to.throw(/there is no message "area\.none"/);
    expect(() => html("area.name")).to.throw(/"name" was not provided/);
  });

  it("refuses files that it cannot use, all of them at once", async () => {
    await writeWords("de", "{");
    await writeWords("fr", { ...WORDS, name: "Se connecter à {name" });
    await writeWords("ja", { ...WORDS, name: "" });
    expect(create).to.throw(/de\/area\.json: .*\nfr\/area\.json: .*\nja\/area\.json: "name" is no/);
  });

  it("refuses a language that lacks a message", async () => {
    const { plain, ...fewer } = WORDS;
    expect(plain).to.be.a("string");
    await writeWords("pt", fewer);
    expect(create).to.throw(/pt has no "area\.plain"/);
  });
});
