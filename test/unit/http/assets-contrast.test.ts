import { readFileSync } from "node:fs";
import { expect } from "chai";

/** Least contrast of text, WCAG 2.2 1.4.3. */
const TEXT = 4.5;
/** Least contrast of what tells a control or its focus from its ground, 1.4.11 and 2.4.13. */
const CONTROL = 3;

/** What the stylesheet lays on what. */
const PAIRS: readonly [foreground: string, ground: string, least: number][] = [
  ["ink", "paper", TEXT],
  ["ink", "surface", TEXT],
  ["ink", "sunken", TEXT],
  ["ink", "accent-wash", TEXT],
  ["ink", "danger-wash", TEXT],
  ["ink", "caution-wash", TEXT],
  ["ink-soft", "paper", TEXT],
  ["ink-soft", "surface", TEXT],
  ["ink-soft", "sunken", TEXT],
  ["accent", "paper", TEXT],
  ["accent", "surface", TEXT],
  ["accent-strong", "paper", TEXT],
  ["accent-strong", "surface", TEXT],
  ["on-accent", "accent", TEXT],
  ["on-accent", "accent-strong", TEXT],
  ["danger", "surface", TEXT],
  ["danger", "danger-wash", TEXT],
  ["success", "success-wash", TEXT],
  ["caution", "caution-wash", TEXT],
  ["control-line", "surface", CONTROL],
  ["control-line", "paper", CONTROL],
  ["accent", "accent-wash", CONTROL],
  ["focus", "surface", CONTROL],
  ["focus", "paper", CONTROL],
  ["danger", "paper", CONTROL],
];

const css = readFileSync(
  new URL("../../../../views/assets/latchkey.css", import.meta.url),
  "utf8",
).replaceAll(/\/\*[\s\S]*?\*\//g, "");

function readTokens(block: string | undefined): Record<string, string> {
  const declarations = (block ?? "").matchAll(/--([a-z-]+):\s*(#[0-9a-f]{6});/g);
  return Object.fromEntries([...declarations].map(([, name, value]) => [name, value]));
}

/** Relative luminance of WCAG 2.2. */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const channel = Number.parseInt(hex.slice(start, start + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [lighter = 0, darker = 0] = [luminance(one), luminance(other)].toSorted((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}

describe("colours of the pages", () => {
  const light = readTokens(/^:root\s*\{([^}]*)\}/m.exec(css)?.[1]);
  const darkBlock = /@media \(prefers-color-scheme: dark\)\s*\{\s*:root\s*\{([^}]*)\}/.exec(
    css,
  )?.[1];
  const schemes = { light, dark: { ...light, ...readTokens(darkBlock) } };

  it("are known to the measure: black on white has 21", () => {
    expect(contrast("#000000", "#ffffff")).to.be.closeTo(21, 0.001);
    expect(contrast("#767676", "#ffffff")).to.be.closeTo(4.54, 0.01);
  });

  it("differ between the schemes, all of them", () => {
    expect(Object.keys(readTokens(darkBlock))).to.have.members(Object.keys(light));
  });

  for (const [scheme, tokens] of Object.entries(schemes)) {
    for (const [foreground, ground, least] of PAIRS) {
      it(`${foreground} on ${ground} has at least ${least} in the ${scheme} scheme`, () => {
        const [one, other] = [tokens[foreground], tokens[ground]];
        expect(one, foreground).to.be.a("string");
        expect(other, ground).to.be.a("string");
        expect(contrast(one ?? "", other ?? "")).to.be.at.least(least);
      });
    }
  }

  it("appear nowhere but in the tokens", () => {
    const rules = css.replaceAll(/:root\s*\{[^}]*\}/g, "");
    expect(rules.match(/#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(/gi)).to.equal(null);
  });

  it("are the same in the theme colour of the layout", () => {
    const layout = readFileSync(new URL("../../../../views/layout.njk", import.meta.url), "utf8");
    expect(layout).to.include(
      `content="${schemes.light["paper"]}" media="(prefers-color-scheme: light)"`,
    );
    expect(layout).to.include(
      `content="${schemes.dark["paper"]}" media="(prefers-color-scheme: dark)"`,
    );
  });
});
