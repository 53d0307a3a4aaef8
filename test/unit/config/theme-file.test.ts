import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { loadThemeFile } from "../../../src/config/theme-file.js";

const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>';

describe("the file of THEME_FILE", () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "latchkey-theme-"));
    await writeFile(join(directory, "logo.svg"), SVG);
  });

  afterEach(() => rm(directory, { recursive: true }));

  async function load(content: unknown) {
    const path = join(directory, "theme.json");
    await writeFile(path, JSON.stringify(content));
    return loadThemeFile(path);
  }

  async function reasons(content: unknown): Promise<string[]> {
    return (await load(content)).problems.map(({ reason }) => reason);
  }

  it("gives a name, a logo from beside it, colours, corners and a font", async () => {
    const { declarations, problems } = await load({
      product_name: "Example ID",
      logo: "logo.svg",
      light: { accent: "#1D4ED8", "accent-strong": "#1e3a8a", focus: "#1d4ed8" },
      radius_px: 4,
      font: '"Inter", sans-serif',
    });
    expect(problems).to.deep.equal([]);
    expect(declarations).to.deep.include({ productName: "Example ID", radiusPx: 4 });
    expect(declarations?.logo?.type).to.equal("image/svg+xml");
    expect(declarations?.light?.accent).to.equal("#1d4ed8");
  });

  it("says which colours are too close, in which scheme, and by how much (WCAG 2.2 1.4.3)", async () => {
    const found = await reasons({ light: { accent: "#7dd3fc" }, dark: { "ink-soft": "#445550" } });
    expect(found).to.include(
      "at light has on-accent #ffffff on accent #7dd3fc: a contrast of 1.66, which must be at least 4.5",
    );
    expect(found.filter((reason) => reason.startsWith("at dark has ink-soft"))).to.have.length(3);
  });

  it("tells all that is wrong at once, and knows what was meant", async () => {
    const found = await reasons({
      product_nam: "x",
      light: { acent: "#000000", paper: "white" },
      radius_px: 99,
      font: "x; } body { display: none",
    });
    expect(found).to.include("at product_nam is no member: product_name is");
    expect(found).to.include("at light.acent is no member: accent is");
    expect(found).to.include("at light.paper must be a colour such as #0b6353");
    expect(found).to.include("at radius_px must be at most 32");
    expect(found.some((reason) => reason.startsWith("at font must be names of fonts"))).to.equal(
      true,
    );
  });

  it("takes a logo by its bytes, whatever its name says", async () => {
    await writeFile(join(directory, "logo.png"), "<html><script>alert(1)</script></html>");
    expect(await reasons({ logo: "logo.png" })).to.deep.equal([
      "at logo names a file that is no SVG, PNG, JPEG or WebP picture",
    ]);
    expect(await reasons({ logo: "none.png" })).to.deep.equal([
      "at logo names a file that cannot be read",
    ]);
    await writeFile(join(directory, "big.svg"), SVG + " ".repeat(70_000));
    expect((await reasons({ logo: "big.svg" }))[0]).to.match(
      /at logo names a picture of \d+ bytes/,
    );
  });
});
