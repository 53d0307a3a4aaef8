import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { LANGUAGE_TAGS } from "../../../src/language/languages.js";
import { loadMessages } from "../../../src/language/load-messages.js";
import { parsePattern } from "../../../src/language/pattern.js";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const messages = loadMessages(join(root, "views", "messages"));
const english = messages.en;
const sources = globSync(["src/**/*.ts", "views/**/*.njk"], { cwd: root })
  .filter((file) => !file.endsWith(".d.ts"))
  .map((file) => ({ file, source: readFileSync(join(root, file), "utf8") }));

const KEY = /["'`]([a-z][a-z0-9-]*\.[a-z0-9][a-z0-9_-]*)["'`]/g;
/** `t("login.title"` and `message("login.title"`. */
const CALL = /\b(?:t|message)\(\s*["']([^"']+)["']\s*[,)]/g;
/** A key that ends with a name known at run time: `errors.problem-${name}`, `"a.b-" ~ name`. */
const PREFIX = /["'`]([a-z][a-z0-9-]*\.[a-z0-9_-]*-)(?:\$\{|["'`])/g;

describe("messages", () => {
  const named = new Set(sources.flatMap(({ source }) => find(KEY, source)));
  const prefixes = sources.flatMap(({ source }) => find(PREFIX, source));

  it("are there for every key that pages and code call for", () => {
    const missing = sources.flatMap(({ file, source }) =>
      find(CALL, source)
        .filter((key) => !english.has(key) && !prefixes.includes(key))
        .map((key) => `${file}: ${key}`),
    );
    expect(missing).to.deep.equal([]);
  });

  it("are all used: each key is written out somewhere, or begins with a prefix that is", () => {
    const unused = [...english.keys()].filter(
      (key) => !named.has(key) && !prefixes.some((prefix) => key.startsWith(prefix)),
    );
    expect(unused).to.deep.equal([]);
  });

  for (const language of LANGUAGE_TAGS) {
    it(`take the same values and tags in ${language} as in English`, () => {
      const other = messages[language];
      for (const [key, pattern] of english) {
        const { argumentNames, tagNames } = parsePattern(other.get(key) ?? "");
        const expected = parsePattern(pattern);
        expect({ key, argumentNames, tagNames }).to.deep.equal({
          key,
          argumentNames: expected.argumentNames,
          tagNames: expected.tagNames,
        });
      }
    });

    it(`are whole sentences in ${language}: no space at an end, no straight apostrophe for a curly one`, () => {
      for (const [key, pattern] of messages[language]) {
        expect(pattern, key).to.equal(pattern.trim());
        expect(pattern, key).not.to.match(/\p{L}'\p{L}/u);
      }
    });
  }
});

function find(pattern: RegExp, source: string): string[] {
  return Array.from(source.matchAll(pattern), ([, found = ""]) => found);
}
