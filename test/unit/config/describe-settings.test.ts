import { expect } from "chai";
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { renderSettings } from "../../../src/config/describe-settings.js";
import { loadConfig } from "../../../src/config/load-config.js";
import { settingList } from "../../../src/config/settings.js";

const read = (path: string) =>
  readFileSync(new URL(`../../../../${path}`, import.meta.url), "utf8");

describe("docs/configuration.md", () => {
  it("is what the table of settings says (else: npm run docs:configuration)", () => {
    expect(read("docs/configuration.md")).to.equal(renderSettings());
  });

  it("has a row for every setting", () => {
    for (const [name] of settingList) expect(renderSettings()).to.include(`| \`${name}\``);
  });
});

describe("settings", () => {
  it("have defaults and examples that they accept themselves", () => {
    for (const [name, { type, default: fallback, example }] of settingList) {
      for (const text of [fallback, example]) {
        if (text === undefined || text.startsWith("(")) continue;
        expect(type.safeParse(text).success, `${name}=${text}`).to.equal(true);
      }
    }
  });
});

describe(".env.example", () => {
  const lines = read(".env.example").split("\n");
  const values = parseEnv(lines.map((line) => line.replace(/^# (?=[A-Z0-9_]+=)/, "")).join("\n"));

  it("names settings only, all commented out", () => {
    const known = settingList.map(([name]) => name);
    expect(known).to.include.members(Object.keys(values));
    expect(Object.keys(values)).to.include("SECRET_KEY");
    expect(lines.filter((line) => line !== "" && !line.startsWith("#"))).to.deep.equal([]);
  });

  it("would be accepted with a secret key", () => {
    const config = loadConfig({ ...values, SECRET_KEY: "q7VZ0nXr4kT9sLwB2mHc8dYpJ5gFaE1u" });
    expect(config.mode).to.equal("production");
  });
});
