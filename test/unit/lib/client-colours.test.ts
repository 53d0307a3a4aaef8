import { expect } from "chai";
import { deriveClientColours } from "../../../src/lib/client-colours.js";
import { contrastOf, findWeakContrasts, mergeColours } from "../../../src/lib/colours.js";

/** Every colour of a grid, dark ones and light ones. */
const LEVELS = ["00", "33", "66", "99", "cc", "ff"];
const GRID = LEVELS.flatMap((r) => LEVELS.flatMap((g) => LEVELS.map((b) => `#${r}${g}${b}`)));

describe("deriveClientColours", () => {
  it("keeps the colour in the light scheme, and makes it lighter in the dark one", () => {
    const derived = deriveClientColours("#1d4ed8");
    if (typeof derived === "string") throw new Error(derived);
    expect(derived.light).to.include({ accent: "#1d4ed8", "on-accent": "#ffffff" });
    const accent = derived.dark.accent ?? "";
    const { surface } = mergeColours("dark", {});
    expect(contrastOf(accent, surface)).to.be.greaterThan(contrastOf("#1d4ed8", surface));
  });

  it("gives colours that are legible in both schemes, or none (WCAG 2.2 1.4.3, 1.4.11)", () => {
    let used = 0;
    for (const colour of GRID) {
      const derived = deriveClientColours(colour);
      const isDark = contrastOf(colour, mergeColours("light", {}).paper) >= 4.5;
      expect(typeof derived, colour).to.equal(isDark ? "object" : "string");
      if (typeof derived === "string") continue;
      used++;
      for (const scheme of ["light", "dark"] as const) {
        const shown = mergeColours(scheme, derived[scheme]);
        expect(findWeakContrasts(shown, derived[scheme]), colour).to.deep.equal([]);
      }
    }
    expect(used).to.be.greaterThan(60);
  });

  it("says which contrast is too weak", () => {
    expect(deriveClientColours("#ffcc00")).to.equal(
      "accent #ffcc00 on paper #f3f6f4: a contrast of 1.38, which must be at least 4.5",
    );
  });

  it("measures in the operator's theme", () => {
    const light = { paper: "#b0b0b0" };
    expect(deriveClientColours("#0b6353")).to.be.an("object");
    expect(deriveClientColours("#0b6353", { light })).to.match(
      /^accent #0b6353 on paper #b0b0b0: a contrast of 3\.\d\d, /,
    );
  });
});
