import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { collectSecrets, spellingsOf } from "../support/collect-secrets.js";
import { startTestServer, type TestServer } from "../support/test-server.js";

/**
 * TK-09, TK-10, ASVS 11.5.1, 14.2.1: whoever reads the database, a copy of its file or the log
 * holds nothing that opens anything.
 */
describe("secrets at rest and in the log", () => {
  let server: TestServer;
  let secrets: ReadonlyMap<string, string>;
  let files: Map<string, Buffer>;

  before(async () => {
    server = await startTestServer({ embedded: true });
    secrets = await collectSecrets(server);
    files = await readDataDirectory();
  });
  after(() => server.close());

  it("finds what is stored by intention, so that the search can be trusted", async () => {
    expect(secrets.size).to.be.greaterThan(20);
    expect([...files.keys()]).to.include("latchkey.sqlite");
    expect(findIn(files, "ada@example.com")).to.not.deep.equal([]);
    expect(findIn(files, "acct_")).to.not.deep.equal([]);
    expect(logText()).to.include('"event":"token.issued"').and.include('"event":"sign_in"');
  });

  it("keeps none in the bytes of the database files, deleted rows included", () => {
    for (const [name, secret] of secrets) {
      for (const [spelling, text] of spellingsOf(secret)) {
        expect(findIn(files, text), `${name} (${spelling})`).to.deep.equal([]);
      }
    }
  });

  it("writes none to the log", () => {
    const text = logText();
    for (const [name, secret] of secrets) {
      for (const [spelling, value] of spellingsOf(secret)) {
        expect(text.includes(value), `${name} (${spelling})`).to.equal(false);
      }
    }
  });

  it("writes no member of a private key, neither to files nor to the log", () => {
    const everything = `${logText()}${[...files.values()].map((file) => file.toString("latin1")).join("")}`;
    expect(everything).to.not.match(/"(d|p|q|dp|dq|qi)"\s*:\s*"[\w-]{20,}"/);
    expect(everything).to.not.include("PRIVATE KEY");
  });

  it("stores the data in files for their owner only", async () => {
    for (const name of files.keys()) {
      const { mode } = await stat(join(server.config.dataDirectory, name));
      expect([name, mode & 0o077]).to.deep.equal([name, 0]);
    }
  });

  async function readDataDirectory(): Promise<Map<string, Buffer>> {
    const { dataDirectory } = server.config;
    const found = new Map<string, Buffer>();
    for (const name of await readdir(dataDirectory)) {
      found.set(name, await readFile(join(dataDirectory, name)));
    }
    return found;
  }

  const logText = () => server.logs.map((line) => JSON.stringify(line)).join("\n");
});

function findIn(files: Map<string, Buffer>, text: string): string[] {
  return [...files].filter(([, file]) => file.includes(text)).map(([name]) => name);
}
