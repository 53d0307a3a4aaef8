import { expect } from "chai";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigurationError, formatProblems } from "../../../src/config/configuration-error.js";
import { loadConfig } from "../../../src/config/load-config.js";
import { loadEnvironment } from "../../../src/config/load-environment.js";

const KEY = "q7VZ0nXr4kT9sLwB2mHc8dYpJ5gFaE1uR6oI3tNx";

describe("a secret in a file", () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "latchkey-secret-"));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  function write(content: string | Uint8Array, name = "secret"): string {
    const path = join(directory, name);
    writeFileSync(path, content);
    return path;
  }

  function refusalOf(environment: Record<string, string>): ConfigurationError {
    try {
      loadConfig(environment);
    } catch (error) {
      if (error instanceof ConfigurationError) return error;
      throw error;
    }
    throw new Error("The configuration was accepted");
  }

  const reasonsOf = (environment: Record<string, string>) =>
    refusalOf(environment).problems.map(({ name, reason }) => `${name} ${reason}`);
  const refusalOfContent = (content: string | Uint8Array) =>
    reasonsOf({ SECRET_KEY_FILE: write(content) }).join("\n");

  it("is what the setting is, for every secret setting", () => {
    const url = "postgres://latchkey:p%40ss@db/latchkey";
    const config = loadConfig({
      SECRET_KEY_FILE: write(KEY, "key"),
      DATABASE_URL_FILE: write(url, "url"),
    });
    expect(config.secretKey).to.equal(KEY);
    expect(config.databaseUrl).to.equal(url);
  });

  it("satisfies the rules of production", () => {
    const config = loadConfig({
      NODE_ENV: "production",
      SECRET_KEY_FILE: write(KEY, "key"),
      DATABASE_URL_FILE: write("sqlite:x.sqlite", "url"),
    });
    expect(config.mode).to.equal("production");
  });

  it("ends before the last line break, and only there", () => {
    for (const content of [`${KEY}\n`, `${KEY}\r\n`, `\uFEFF${KEY}`]) {
      expect(loadConfig({ SECRET_KEY_FILE: write(content) }).secretKey).to.equal(KEY);
    }
    const padded = ` ${KEY} `;
    expect(loadConfig({ SECRET_KEY_FILE: write(`${padded}\n`) }).secretKey).to.equal(padded);
  });

  it("is read through links, as clusters mount secrets", () => {
    const link = join(directory, "link");
    symlinkSync(write(KEY), link);
    expect(loadConfig({ SECRET_KEY_FILE: link }).secretKey).to.equal(KEY);
  });

  it("does not count when the name of the file is empty", () => {
    expect(loadConfig({ SECRET_KEY_FILE: "", SECRET_KEY: KEY }).secretKey).to.equal(KEY);
    expect(loadConfig({ SECRET_KEY_FILE: "" }).secretKey).to.equal(undefined);
  });

  it("is read where the setting itself is empty", () => {
    expect(loadConfig({ SECRET_KEY: "", SECRET_KEY_FILE: write(KEY) }).secretKey).to.equal(KEY);
  });

  it("is refused beside the setting itself", () => {
    const both = { SECRET_KEY: KEY, SECRET_KEY_FILE: write(KEY) };
    expect(reasonsOf(both)).to.deep.equal([
      "SECRET_KEY_FILE must not be given beside SECRET_KEY: give one of the two",
    ]);
  });

  it("is refused when its file is missing, empty, no file, not one line or not text", () => {
    expect(reasonsOf({ SECRET_KEY_FILE: join(directory, "none") }).join()).to.match(
      /^SECRET_KEY_FILE names a file that does not exist/,
    );
    expect(reasonsOf({ SECRET_KEY_FILE: directory }).join()).to.match(/something that is not a/);
    const below = join(write(KEY), "below");
    expect(reasonsOf({ SECRET_KEY_FILE: below }).join()).to.match(/cannot read \(ENOTDIR\)$/);
    for (const empty of ["", "\n", "\r\n"]) {
      expect(refusalOfContent(empty)).to.equal("SECRET_KEY_FILE names an empty file");
    }
    for (const lines of [`${KEY}\n\n`, `A=1\nSECRET_KEY=${KEY}\n`, `${KEY}\0`]) {
      expect(refusalOfContent(lines)).to.match(/^SECRET_KEY_FILE names a file with more than one/);
    }
    expect(refusalOfContent(Uint8Array.of(0x41, 0xff))).to.match(/is not valid UTF-8$/);
  });

  it("is held to what the setting is held to", () => {
    expect(refusalOfContent("short")).to.equal("SECRET_KEY must have at least 32 characters");
  });

  it("is one problem among all others, and not missing besides", () => {
    const reasons = reasonsOf({
      NODE_ENV: "production",
      PORT: "x",
      SECRET_KEY_FILE: join(directory, "none"),
      DATABASE_URL_FILE: write("\n"),
    });
    expect(reasons.map((reason) => reason.split(" ", 1)[0])).to.deep.equal([
      "PORT",
      "DATABASE_URL_FILE",
      "SECRET_KEY_FILE",
    ]);
  });

  it("is never shown, not even one given in place of a path", () => {
    const error = refusalOf({
      SECRET_KEY_FILE: `/hunter2/${KEY}`,
      DATABASE_URL_FILE: write("mysql://u:hunter2@h/d"),
      REDIS_URL_FILE: write("redis://:hunter2@h\n#hunter2"),
    });
    const everything = formatProblems(error) + error.message + JSON.stringify(error.problems);
    expect(error.problems).to.have.length(3);
    expect(everything).to.not.include("hunter2").and.not.include(KEY);
    expect(everything).to.include("SECRET_KEY_FILE=/run/secrets/secret-key");
  });

  it("exists for secret settings only", () => {
    expect(loadConfig({ PORT_FILE: write("9000") }).port).to.equal(8000);
  });

  it("is known in .env by its right name, and looked for behind a misspelt one", () => {
    const before = { ...process.env };
    try {
      write(`SECRET_KEY_FILE=${write(KEY)}\nDATABASE_URL_FIEL=x\n`, ".env");
      const { environment, problems } = loadEnvironment(directory);
      expect(loadConfig({ SECRET_KEY_FILE: environment["SECRET_KEY_FILE"] }).secretKey).to.equal(
        KEY,
      );
      expect(problems).to.deep.equal([
        {
          name: "DATABASE_URL_FIEL",
          reason: "in .env is no setting: DATABASE_URL_FILE is",
          example: "DATABASE_URL_FILE=/run/secrets/database-url",
        },
      ]);
    } finally {
      for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    }
  });
});
