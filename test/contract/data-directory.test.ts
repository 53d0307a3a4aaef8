import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { LatchkeyError } from "../../src/lib/errors.js";
import { claimDataDirectory, loadOrCreateSecretFile } from "../../src/storage/data-directory.js";
import { killStoresChildren, startStoresChild } from "../support/stores-child-process.js";
import { codeOfRejection } from "../support/stores-rejection.js";
import { asOrdinaryUser } from "../support/stores-user.js";

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "latchkey-data-"));
  await chmod(folder, 0o755);
});
after(() => rm(folder, { recursive: true, force: true }));

function expectFailure(work: () => unknown, code: string, ...words: string[]): void {
  expect(work).to.throw(LatchkeyError).with.property("code", code);
  try {
    work();
  } catch (err) {
    const { message } = err as Error;
    expect(message).not.to.include("\n");
    for (const word of words) expect(message).to.include(word);
  }
}

describe("claimDataDirectory", () => {
  after(killStoresChildren);

  it("makes the directory for its owner only", async () => {
    const path = join(folder, "new", "data");
    const claim = claimDataDirectory(path);
    expect((await stat(path)).mode & 0o777).to.equal(0o700);
    claim.release();
  });

  it("lets one in at a time, and the next one after its release", async () => {
    const path = join(folder, "one");
    const claim = claimDataDirectory(path);
    expectFailure(() => claimDataDirectory(path), "data_directory_in_use", path, "another");
    const child = startStoresChild();
    const call = { command: "claim", target: path } as const;
    expect(await codeOfRejection(child.call(call))).to.equal("data_directory_in_use");
    claim.release();
    await child.call(call);
    expectFailure(() => claimDataDirectory(path), "data_directory_in_use");
    await child.kill();
  });

  it("is free again when its process was killed", async () => {
    const path = join(folder, "killed");
    const child = startStoresChild();
    await child.call({ command: "claim", target: path });
    await child.kill();
    claimDataDirectory(path).release();
  });

  it("lets one of several processes in that start at once", async () => {
    const path = join(folder, "race");
    const children = [startStoresChild(), startStoresChild(), startStoresChild()];
    const results = await Promise.allSettled(
      children.map((child) => child.call({ command: "claim", target: path })),
    );
    const codes = results.map((result) =>
      result.status === "rejected" ? result.reason.code : "in",
    );
    expect(codes).to.have.members(["data_directory_in_use", "data_directory_in_use", "in"]);
  });

  it("refuses a file, a damaged lock and a directory that this user may not write to", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    expectFailure(() => claimDataDirectory(file), "data_directory_unusable", file);

    const damaged = join(folder, "damaged");
    await mkdir(damaged);
    await writeFile(join(damaged, "lock.sqlite"), "no database ".repeat(1000));
    expectFailure(
      () => claimDataDirectory(damaged),
      "data_directory_unusable",
      "lock.sqlite",
      "delete",
    );

    const closed = join(folder, "closed");
    await mkdir(closed, { mode: 0o555 });
    await asOrdinaryUser(async () => {
      expectFailure(() => claimDataDirectory(closed), "data_directory_unusable", closed, "user");
      const below = join(closed, "below");
      expectFailure(() => claimDataDirectory(below), "data_directory_unusable", below, "EACCES");
    });
  });
});

describe("loadOrCreateSecretFile", () => {
  after(killStoresChildren);

  it("makes a secret of 256 bit for its owner only, and gives the same one ever after", async () => {
    const path = join(folder, "secrets", "secret-key");
    const secret = loadOrCreateSecretFile(path);
    expect(secret).to.match(/^[\w-]{43}$/);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(loadOrCreateSecretFile(path)).to.equal(secret);
    expect(await readdir(join(folder, "secrets"))).to.deep.equal(["secret-key"]);
    expect(loadOrCreateSecretFile(join(folder, "secrets", "other"))).not.to.equal(secret);
  });

  it("takes one that was written by hand, without its line end", async () => {
    const path = join(folder, "by-hand");
    await writeFile(path, "a passphrase of thirty-two characters or more\n");
    expect(loadOrCreateSecretFile(path)).to.equal("a passphrase of thirty-two characters or more");
  });

  it("gives the same secret to processes that start at once", async () => {
    const children = Array.from({ length: 4 }, () => startStoresChild());
    for (let round = 0; round < 20; round++) {
      const target = join(folder, `race-${round}`, "secret-key");
      const secrets = await Promise.all(
        children.map((child) => child.call({ command: "secret", target })),
      );
      expect(new Set(secrets).size).to.equal(1);
      expect(await readFile(target, "utf8")).to.equal(secrets[0]);
      expect(await readdir(join(folder, `race-${round}`))).to.deep.equal(["secret-key"]);
    }
  });

  it("refuses an empty or short file without telling what it holds", async () => {
    const path = join(folder, "short");
    for (const content of ["", "\n", "hunter2", "x".repeat(31)]) {
      await writeFile(path, content);
      expectFailure(() => loadOrCreateSecretFile(path), "secret_file_unusable", path, "32");
      if (content.trim() !== "") {
        expect(() => loadOrCreateSecretFile(path))
          .to.throw()
          .with.property("message")
          .not.includes(content);
      }
    }
  });

  it("refuses a directory, and a file that this user may not read or write", async () => {
    expectFailure(() => loadOrCreateSecretFile(folder), "secret_file_unusable", "EISDIR");
    const path = join(folder, "private");
    loadOrCreateSecretFile(path);
    await chmod(path, 0o000);
    await asOrdinaryUser(async () => {
      expectFailure(() => loadOrCreateSecretFile(path), "secret_file_unusable", path, "EACCES");
      const below = join(folder, "closed", "secret-key");
      expectFailure(() => loadOrCreateSecretFile(below), "secret_file_unusable", "EACCES");
    });
  });
});
