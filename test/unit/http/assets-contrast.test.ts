import { readFileSync } from "node:fs";
import { expect } from "chai";
import { COLOURS, CONTRASTS, contrastOf } from "../../../src/lib/colours.js";

const css = readFileSync(
  new URL("../../../../views/assets/latchkey.css", import.meta.url),
  "utf8",
).replaceAll(/\/\*[\s\S]*?\*\//g, "");

function readTokens(block: string | undefined): Record<string, string> {
  const declarations = (block ?? "").matchAll(/--([a-z-]+):\s*(#[0-9a-f]{6});/g);
  return Object.fromEntries([...declarations].map(([, name, value]) => [name, value]));
}

describe("colours of the pages", () => {
  const light = readTokens(/^:root\s*\{([^}]*)\}/m.exec(css)?.[1]);
  const darkBlock = /@media \(prefers-color-scheme: dark\)\s*\{\s*:root\s*\{([^}]*)\}/.exec(
    css,
  )?.[1];
  const schemes = { light, dark: { ...light, ...readTokens(darkBlock) } };

  it("are known to the measure: black on white has 21", () => {
    expect(contrastOf("#000000", "#ffffff")).to.be.closeTo(21, 0.001);
    expect(contrastOf("#767676", "#ffffff")).to.be.closeTo(4.54, 0.01);
  });

  it("differ between the schemes, all of them", () => {
    expect(Object.keys(readTokens(darkBlock))).to.have.members(Object.keys(light));
  });

  for (const [scheme, tokens] of Object.entries(schemes)) {
    for (const [foreground, ground, least] of CONTRASTS) {
      it(`${foreground} on ${ground} has at least ${least} in the ${scheme} scheme`, () => {
        const [one, other] = [tokens[foreground], tokens[ground]];
        expect(one, foreground).to.be.a("string");
        expect(other, ground).to.be.a("string");
        expect(contrastOf(one ?? "", other ?? "")).to.be.at.least(least);
      });
    }
  }

  it("appear nowhere but in the tokens", () => {
    const rules = css.replaceAll(/:root\s*\{[^}]*\}/g, "");
    expect(rules.match(/#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(/gi)).to.equal(null);
  });

  it("are those that a theme is measured with", () => {
    expect(schemes.light).to.deep.equal(COLOURS.light);
    expect(schemes.dark).to.deep.equal(COLOURS.dark);
  });
});
