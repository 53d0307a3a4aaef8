import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { isSurelyPattern } from "../../../src/language/is-surely-pattern.js";
import { loadMessages } from "../../../src/language/load-messages.js";
import { parsePattern } from "../../../src/language/pattern.js";

const views = fileURLToPath(new URL("../../../../views/messages", import.meta.url));
const patterns = Object.values(loadMessages(views)).flatMap((each) => [...each.values()]);

function parses(pattern: string): boolean {
  try {
    parsePattern(pattern);
    return true;
  } catch {
    return false;
  }
}

describe("isSurelyPattern", () => {
  it("knows nearly every message of ours, so that a start parses few", () => {
    const unsure = patterns.filter((pattern) => !isSurelyPattern(pattern));
    expect(unsure.length).to.be.lessThan(patterns.length / 100);
  });

  it("leaves no pattern unseen that the parser refuses: any character missing, doubled or exchanged", () => {
    const withSyntax = [...new Set(patterns)].filter((pattern) => /[{}<>']/.test(pattern));
    // Those of every kind, few of each: shapes differ more than words.
    const shapes = new Map(
      withSyntax.map((pattern) => [pattern.replaceAll(/[^{}<>,/#']+/g, "."), pattern]),
    );
    const missed: string[] = [];
    let broken = 0;
    for (const pattern of shapes.values()) {
      for (const changed of eachChange(pattern)) {
        if (parses(changed)) continue;
        broken++;
        if (isSurelyPattern(changed)) missed.push(changed);
      }
    }
    expect(missed).to.deep.equal([]);
    expect(broken).to.be.greaterThan(1000);
  });

  for (const pattern of [
    "{n, plural, one {a}}",
    "{n, plural, some {a} other {b}}",
    "{n, plural, one {a} one {b} other {c}}",
    "{n, plu{x}ral, other {a}}",
    "{n, plural, one {<b>a} other {b</b>}}",
    "<b>{b}</b>",
    "<a><b></a></b>",
    "{a\0}",
  ]) {
    it(`is not sure of ${JSON.stringify(pattern)}`, () => {
      expect(isSurelyPattern(pattern)).to.equal(false);
    });
  }
});

function* eachChange(pattern: string): Generator<string> {
  for (let i = 0; i < pattern.length; i++) {
    const [before, after] = [pattern.slice(0, i), pattern.slice(i + 1)];
    yield before + after;
    yield before + pattern.slice(i, i + 1) + pattern.slice(i);
    for (const other of "{}<>/,' ") yield before + other + after;
  }
}
