import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { readDocumentFile } from "./documentation.js";
import { reportMissing } from "./missing-services.js";

const run = promisify(execFile);

const GUIDE = "docs/guides/verify-access-tokens.md";
/** Debian's, for which its packages are; another Python may come first in PATH. */
const PYTHON = "/usr/bin/python3";
const GO_PATH = "/usr/share/gocode";

/** A program of the guide: reads tokens, one a line, and prints what it makes of each. */
export interface GuideProgram {
  readonly name: string;
  /** Debian's packages. */
  readonly packages: string;
  isInstalled(): boolean;
  /** Writes it into a folder, and builds it there. @returns the command. */
  prepare(directory: string): Promise<readonly [string, ...string[]]>;
}

export const GUIDE_PROGRAMS: readonly GuideProgram[] = [
  pythonProgram("PyJWT", { file: "verify_pyjwt.py", module: "jwt", packages: "python3-jwt" }),
  pythonProgram("Authlib", {
    file: "verify_authlib.py",
    module: "authlib.jose",
    packages: "python3-authlib",
  }),
  {
    name: "Go",
    packages: "golang-go golang-github-coreos-go-oidc-dev",
    isInstalled: () =>
      existsSync(join(GO_PATH, "src/github.com/coreos/go-oidc")) &&
      spawnSync("go", ["version"]).status === 0,
    prepare: async (directory) => {
      await mkdir(directory, { recursive: true });
      // Debian has version 2, whose functions are the same.
      const source = readDocumentFile(GUIDE, "verify.go").replace("go-oidc/v3/oidc", "go-oidc");
      await writeFile(join(directory, "main.go"), source);
      await run("go", ["build", "-o", "verify", "main.go"], {
        cwd: directory,
        env: {
          ...process.env,
          GO111MODULE: "off",
          GOPATH: GO_PATH,
          GOCACHE: join(directory, "cache"),
          CGO_ENABLED: "0",
        },
      });
      return [join(directory, "verify")];
    },
  },
];

/** @returns true when its tests are to be left out; in CI everything has to be there. */
export function isMissing({ name, packages, isInstalled }: GuideProgram): boolean {
  if (isInstalled()) return false;
  if (process.env["CI"] === "true") throw new Error(`${name} is missing: install ${packages}`);
  reportMissing(`${name} verifying our tokens`, `install ${packages}`);
  return true;
}

/** @returns for each token what the program printed. */
export async function runGuideProgram(
  [command, ...options]: readonly [string, ...string[]],
  environment: Record<string, string>,
  tokens: readonly string[],
): Promise<string[]> {
  const running = run(command, options, { env: { ...process.env, ...environment } });
  running.child.stdin?.end(tokens.map((token) => `${token}\n`).join(""));
  const { stdout } = await running;
  return stdout.trimEnd().split("\n");
}

function pythonProgram(
  name: string,
  { file, module, packages }: { file: string; module: string; packages: string },
): GuideProgram {
  return {
    name,
    packages: `${packages} python3-cryptography`,
    isInstalled: () => spawnSync(PYTHON, ["-c", `import ${module}, cryptography`]).status === 0,
    prepare: async (directory) => {
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, file), readDocumentFile(GUIDE, file));
      return [PYTHON, join(directory, file)];
    },
  };
}
