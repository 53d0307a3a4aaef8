import { expect } from "chai";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../../src/config/load-config.js";
import { loadEnvironment } from "../../../src/config/load-environment.js";

const MARK = "LATCHKEY_TEST_MARK";

describe("loadEnvironment", () => {
  let directory: string;
  let before: NodeJS.ProcessEnv;

  beforeEach(() => {
    before = { ...process.env };
    directory = mkdtempSync(join(tmpdir(), "latchkey-env-"));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
    for (const name of Object.keys(process.env)) {
      if (!(name in before)) delete process.env[name];
    }
    Object.assign(process.env, before);
  });

  const write = (text: string | Uint8Array) => writeFileSync(join(directory, ".env"), text);
  const reasonsOf = (text: string | Uint8Array) => {
    write(text);
    return loadEnvironment(directory).problems.map(({ name, reason }) => `${name} ${reason}`);
  };

  it("is content without a .env", () => {
    const { environment, problems } = loadEnvironment(directory);
    expect(problems).to.deep.equal([]);
    expect(environment).to.deep.equal({ ...process.env });
  });

  it("adds what .env says", () => {
    write(`${MARK}=from the file\n`);
    expect(loadEnvironment(directory).environment[MARK]).to.equal("from the file");
  });

  it("lets the real environment win, even with an empty value", () => {
    process.env[MARK] = "real";
    process.env[`${MARK}_EMPTY`] = "";
    write(`${MARK}=file\n${MARK}_EMPTY=file\n`);
    const { environment } = loadEnvironment(directory);
    expect(environment[MARK]).to.equal("real");
    expect(environment[`${MARK}_EMPTY`]).to.equal("");
  });

  it("tells a .env that cannot be read from none", () => {
    mkdirSync(join(directory, ".env"));
    const [problem] = loadEnvironment(directory).problems;
    expect(problem?.name).to.equal(".env");
    expect(problem?.reason).to.match(/exists but cannot be read \(EISDIR\)$/);
  });

  it("takes a link into nowhere for unreadable", () => {
    symlinkSync("nowhere", join(directory, ".env"));
    const [problem] = loadEnvironment(directory).problems;
    expect(problem?.reason).to.match(/exists but cannot be read \(ENOENT\)$/);
  });

  it("refuses bytes that are no UTF-8, which Node would replace", () => {
    expect(reasonsOf(Uint8Array.of(0x41, 0x3d, 0xff)).join()).to.match(/is not valid UTF-8$/);
  });

  it("accepts comments, quotes, several lines and export", () => {
    const text = [
      "# comment",
      "",
      `${MARK}_A=1 # why`,
      `export ${MARK}_B = "two`,
      "lines=here",
      '"',
      `${MARK}_C='x' # why`,
      `${MARK}_D=`,
      `  ${MARK}_E=it's fine`,
    ];
    expect(reasonsOf(text.join("\r\n"))).to.deep.equal([]);
    expect(process.env[`${MARK}_E`]).to.equal("it's fine");
  });

  it("names lines that Node would skip or misread, by number and not by content", () => {
    const reasons = reasonsOf(
      [
        `${MARK}_A="a`,
        'b"',
        "PORT 8000",
        `${MARK}_B: secret`,
        `${MARK}_C="open`,
        "=x",
        "a\0=b",
      ].join("\n"),
    );
    expect(reasons).to.deep.equal(
      [3, 4, 5, 6, 7].map((line) => `.env line ${line} is not NAME=value with its quotes closed`),
    );
  });

  it("does not take the opening quote of the next value for a closing one", () => {
    expect(reasonsOf(`${MARK}_A="open\n${MARK}_B="closed"\n`)).to.deep.equal([
      ".env line 1 is not NAME=value with its quotes closed",
    ]);
  });

  it("names the setting that a misspelt one means", () => {
    const reasons = reasonsOf("ACCESS_TOKEN_EXPIRE_MINUTE=5\nSECRETKEY=x\nport=1\n");
    expect(reasons.toSorted()).to.deep.equal([
      "ACCESS_TOKEN_EXPIRE_MINUTE in .env is no setting: ACCESS_TOKEN_EXPIRE_MINUTES is",
      "SECRETKEY in .env is no setting: SECRET_KEY is",
      "port in .env is no setting: PORT is",
    ]);
  });

  it("asks nothing of names in the process environment", () => {
    process.env["SECRETKEY"] = "x";
    expect(loadEnvironment(directory).problems).to.deep.equal([]);
  });

  it("gives problems that loadConfig reports with its own", () => {
    write("ISUER=https://a.test\n");
    const { problems } = loadEnvironment(directory);
    expect(() => loadConfig({ PORT: "x" }, problems)).to.throw(/ISUER, PORT$/);
  });
});
