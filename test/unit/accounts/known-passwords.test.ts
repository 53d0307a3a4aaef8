import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { openBreachedPasswords } from "../../../src/accounts/breached-passwords.js";
import { loadPasswordDigests } from "../../../src/accounts/password-digests.js";
import { createCheckPassword } from "../../../src/accounts/password-policy.js";
import { createPwnedRange } from "../../../src/accounts/pwned-range.js";
import { freePort } from "../../support/free-port.js";
import { rejectionOf } from "./rejection-of.js";

const COMMON = fileURLToPath(new URL("../../../../lists/common-passwords.bin", import.meta.url));
const sha1 = (password: string) => createHash("sha1").update(password).digest("hex").toUpperCase();

describe("the list of common passwords that ships", () => {
  it("has the 100,000 most common, more than 3,000 of them long enough (ASVS 6.2.4)", async () => {
    const common = await loadPasswordDigests(COMMON);
    expect(common.size).to.be.above(109_000);
    for (const password of [
      "password1",
      "iloveyou",
      "123456789qwerty",
      "momsanaladventure",
      "1qaz2wsx3edc4rfv",
      "Mailcreated5240",
      "ＭＡＩＬＣＲＥＡＴＥＤ5240",
    ]) {
      expect(common.has(password), password).to.equal(true);
    }
    for (const password of ["correct horse battery staple", "vq7 rmt0 xk2 bz", ""]) {
      expect(common.has(password), password).to.equal(false);
    }
  });

  it("is asked only of passwords that are good enough by themselves, and the refusal says why", async () => {
    const common = await loadPasswordDigests(COMMON);
    const asked: string[] = [];
    const checkPassword = createCheckPassword({
      issuerHost: "login.acme.test",
      minLength: 8,
      isCommon: async (password) => (asked.push(password), common.has(password)),
    });
    const who = { username: "anna", email: undefined };
    const keysOf = async (password: string) =>
      (await checkPassword(password, who)).map(({ key }) => key);
    expect(await keysOf("football1")).to.deep.equal(["policy.common"]);
    expect(await keysOf("vq7 rmt0")).to.deep.equal([]);
    expect(await keysOf("vq7 rmt")).to.deep.equal(["policy.too-short"]);
    expect(asked).to.deep.equal(["football1", "vq7 rmt0"]);
  });
});

describe("a list of breached passwords that an operator mounts", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "latchkey-passwords-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function write(name: string, lines: readonly string[], end = "\n"): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, lines.map((line) => line + end).join(""));
    return path;
  }

  for (const [name, end] of [
    ["lines", "\n"],
    ["lines of Windows", "\r\n"],
  ] as const) {
    it(`finds every one of 2,000 sorted hashes with counts, and no other: ${name}`, async () => {
      const passwords = Array.from({ length: 2000 }, (_, index) => `password number ${index}`);
      const lines = passwords.map((password, index) => `${sha1(password)}:${index + 1}`).toSorted();
      const breached = await openBreachedPasswords(await write(`sorted ${name}`, lines, end));
      for (const password of passwords) expect(await breached.has(password)).to.equal(true);
      for (let index = 2000; index < 2200; index += 1) {
        expect(await breached.has(`password number ${index}`)).to.equal(false);
      }
      await breached.close();
    });
  }

  it("takes one hash alone, in small letters and without a count", async () => {
    const path = join(folder, "one");
    await writeFile(path, sha1("the only one").toLowerCase());
    const breached = await openBreachedPasswords(path);
    expect(await breached.has("the only one")).to.equal(true);
    expect(await breached.has("another one")).to.equal(false);
    await breached.close();
  });

  it("takes passwords in the clear, in any order and whatever their case", async () => {
    const path = await write("plain", [
      "zebra crossing 1",
      "",
      "Apple of my eye",
      "zebra crossing 1",
    ]);
    const breached = await openBreachedPasswords(path);
    for (const password of ["Zebra Crossing 1", "apple of my eye"]) {
      expect(await breached.has(password)).to.equal(true);
    }
    expect(await breached.has("")).to.equal(false);
    await breached.close();
  });

  it("stops the start when it is not there", async () => {
    const error = await rejectionOf(openBreachedPasswords(join(folder, "absent")));
    expect(error).to.include({ code: "password_list_unusable" });
  });
});

describe("a service of breached passwords", () => {
  let server: Server;
  let url: string;
  const asked: { path: string | undefined; padding: unknown }[] = [];
  let answer = { status: 200, body: "" };
  before(async () => {
    server = createServer((req, res) => {
      asked.push({ path: req.url, padding: req.headers["add-padding"] });
      res.writeHead(answer.status).end(answer.body);
    });
    const port = await freePort();
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${port}/range/`;
  });
  after(() => server.close());

  const warnings: unknown[] = [];
  const isInRange = (password: string) =>
    createPwnedRange({
      url,
      fetch,
      logger: { warn: (...entry: unknown[]) => void warnings.push(...entry) },
    })(password);

  it("learns five characters of a hash, and is believed (k-anonymity)", async () => {
    const hash = sha1("a leaked password");
    answer = {
      status: 200,
      body: `0018A45C4D1DEF81644B54AB7F969B88D65:0\r\n${hash.slice(5)}:7\r\n`,
    };
    expect(await isInRange("a leaked password")).to.equal(true);
    expect(asked).to.deep.equal([{ path: `/range/${hash.slice(0, 5)}`, padding: "true" }]);
    answer = { status: 200, body: `${hash.slice(5)}:0` };
    expect(await isInRange("a leaked password"), "padding").to.equal(false);
    expect(warnings).to.deep.equal([]);
  });

  it("refuses nothing while it does not answer, and says so in the log without the password", async () => {
    answer = { status: 503, body: "" };
    expect(await isInRange("a leaked password")).to.equal(false);
    expect(JSON.stringify(warnings)).to.include("status 503").and.not.include("leaked");
  });
});
