import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { PROJECT } from "./support/documentation.js";

const run = promisify(execFile);

/** Prints the address of every module that importing the verifier loads. */
const LIST_LOADED = `
  import { registerHooks } from "node:module";
  const loaded = [];
  registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
  const { createAccessTokenVerifier } = await import("latchkey/verify");
  if (typeof createAccessTokenVerifier !== "function") throw new Error("no verifier");
  console.log(JSON.stringify(loaded));
`;

/** What a TypeScript project of somebody else may and may not write. */
const CONSUMER = `
  import { createServer } from "node:http";
  import { createAccessTokenVerifier, protectNode, type VerifiedAccessToken } from "latchkey/verify";

  const named = { issuer: "https://id.example.com", audience: "https://api.example.com" };
  const verifier = createAccessTokenVerifier({ ...named, revocation: "none" });
  export const token: Promise<VerifiedAccessToken> = verifier.verify("x", { scopes: ["a"] });
  createServer(protectNode(verifier, {}, (_request, response, found) => response.end(found.subject)));

  // @ts-expect-error: whether revocation is looked at has to be chosen
  createAccessTokenVerifier(named);
  // @ts-expect-error: HMAC is no choice
  createAccessTokenVerifier({ ...named, revocation: "none", algorithms: ["HS256"] });
`;

describe("the package", function () {
  this.timeout(60_000);
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "latchkey-package-"));
    const packed = await run(
      "npm",
      ["pack", "--ignore-scripts", "--json", "--pack-destination", directory],
      { cwd: PROJECT },
    );
    const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
    const installed = join(directory, "node_modules/latchkey");
    await mkdir(installed, { recursive: true });
    await run("tar", ["-xzf", join(directory, filename), "-C", installed, "--strip-components=1"]);
    for (const name of ["jose", "@types"]) {
      await symlink(join(PROJECT, "node_modules", name), join(directory, "node_modules", name));
    }
    await writeFile(join(directory, "package.json"), '{"type":"module"}');
  });
  after(() => rm(directory, { recursive: true, force: true }));

  it("gives APIs latchkey/verify, with jose as all that it loads", async () => {
    await writeFile(join(directory, "list.js"), LIST_LOADED);
    const { stdout } = await run(process.execPath, ["list.js"], { cwd: directory });
    const loaded = JSON.parse(stdout) as string[];
    const others = loaded.filter(
      (url) =>
        !/^node:|\/latchkey\/dist\/src\/verify\/[\w-]+\.js$|\/node_modules\/jose\//.test(url),
    );
    assert.deepEqual(others, []);
    assert.ok(loaded.length > 10, stdout);
  });

  it("carries its types, by which a choice about revocation cannot be forgotten", async () => {
    await writeFile(join(directory, "consumer.ts"), CONSUMER);
    const compiler = join(PROJECT, "node_modules/.bin/tsc");
    const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2024"];
    const outcome = await run(compiler, [...options, "--types", "node", "consumer.ts"], {
      cwd: directory,
    }).catch((err: unknown) => err as { stdout: string });
    assert.equal(outcome.stdout, "");
  });
});
