/**
 * Goes through the Dockerfile where no container engine is: runs the steps of its stages as they are
 * written, puts the image's files together, and runs the server in them as a container would.
 *
 *   npm run image:stages
 *
 * Linux, as root; PostgreSQL as for the tests. It takes a minute or two, most of it for npm.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import {
  runInContainer,
  startInContainer,
  waitUntil,
  type BareContainer,
} from "../support/bare-container.js";
import {
  findTexts,
  loadBuildContext,
  loadDockerfile,
  parseCopy,
  type Stage,
} from "../support/dockerfile.js";
import { PROJECT } from "../support/documentation.js";
import { freePort } from "../support/free-port.js";
import { createTestPostgres } from "../support/postgres.js";

const MIB = 1024 * 1024;
const SECRET_KEY = "an image that is tried out, 0123456789";
const scratch = mkdtempSync(join(tmpdir(), "latchkey-image-"));
// For the user of the image, who comes in from outside.
chmodSync(scratch, 0o755);
const [build, dependencies, image] = loadDockerfile() as [Stage, Stage, Stage];
const root = join(scratch, "image");
const [user = ""] = findTexts(image, "USER").join("").split(":");
const entry = JSON.parse(findTexts(image, "ENTRYPOINT").join("")) as string[];

try {
  const context = join(scratch, "context");
  for (const path of loadBuildContext()) copy(join(PROJECT, path), join(context, path));
  for (const stage of [build, dependencies]) runStage(stage, context);
  assembleImage();
  reportFiles();
  await tryRights();
  await tryNativeModules();
  await tryPostgres();
  await trySqlite();
} finally {
  rmSync(scratch, { recursive: true });
}

function say(what: string, result: string): void {
  process.stdout.write(`${what.padEnd(28)} ${result}\n`);
}

function copy(from: string, to: string): void {
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}

/** Copies and runs what the stage says, with the working directory of the image in a folder. */
function runStage({ name = "", instructions }: Stage, context: string): void {
  const directory = join(scratch, name, "app");
  mkdirSync(directory, { recursive: true });
  for (const { keyword, text } of instructions) {
    if (keyword === "COPY") copyInto(directory, text, () => context);
    if (keyword !== "RUN") continue;
    const startedAt = performance.now();
    const command = text.replaceAll(/--mount=\S+ /g, "");
    // PATH is npm's, in which the project's own Node.js comes first.
    execFileSync("sh", ["-c", command], {
      cwd: directory,
      stdio: ["ignore", "ignore", "inherit"],
    });
    say(name, `${command.slice(0, 60)} … ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  }
}

function copyInto(
  directory: string,
  text: string,
  originOf: (stage: string | undefined) => string,
): void {
  const { from, sources, target } = parseCopy(text);
  for (const source of sources) {
    const into = resolve(directory, target);
    const to = target.endsWith("/") ? join(into, basename(source)) : into;
    copy(join(originOf(from), source), to);
  }
}

function assembleImage(): void {
  for (const text of findTexts(image, "COPY")) {
    copyInto(join(root, "app"), text, (stage = "") => join(scratch, stage));
  }
  const bin = join(root, "bin-of-image");
  mkdirSync(bin);
  copy(process.execPath, join(bin, "node"));
  symlinkSync("/app/dist/src/cli.js", join(bin, "latchkey"));
}

function reportFiles(): void {
  const app = join(root, "app");
  const sizeOf = (pattern: string) => {
    const files = globSync(pattern, { cwd: app }).map((file) => statSync(join(app, file)));
    const bytes = files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
    return `${files.filter((file) => file.isFile()).length} files, ${(bytes / MIB).toFixed(1)} MiB`;
  };
  say("/app", `${readdirSync(app).toSorted().join(" ")}: ${sizeOf("**")}`);
  for (const part of ["node_modules", "dist", "views"]) say(`/app/${part}`, sizeOf(`${part}/**`));

  const lock = JSON.parse(readFileSync(join(PROJECT, "package-lock.json"), "utf8")) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
  };
  const development = Object.keys(lock.packages).filter((path) => lock.packages[path]?.dev);
  assert.ok(development.includes("node_modules/node"));
  const found = development.filter((path) => existsSync(join(app, path)));
  assert.deepEqual(found, [], "development packages in the image");
  say("development packages", `none of ${development.length}`);
}

function containerWith(
  environment: Record<string, string>,
  mounts: Record<string, string>,
): BareContainer {
  const settings = findTexts(image, "ENV").flatMap((text) => text.split(" "));
  const own = Object.fromEntries(settings.map((setting) => setting.split("=", 2)));
  return { root, user, environment: { ...own, ...environment }, mounts };
}

async function tryRights(): Promise<void> {
  const script =
    'id -u; sed -n "s/^CapBnd:[[:space:]]*//p" /proc/self/status; touch /tmp/x && echo /tmp; ' +
    "for d in / /app /app/node_modules /usr /etc /var/lib/latchkey; do touch $d/x && echo $d; done; true";
  const mounts = { "/var/lib/latchkey": createVolume("empty") };
  const printed = await runInContainer(containerWith({}, mounts), ["sh", "-c", script]);
  const lines = printed.split("\n").filter((line) => !line.startsWith("touch: "));
  assert.deepEqual(lines, [user, "0000000000000000", "/tmp", "/var/lib/latchkey"]);
  assert.match(printed, /'\/app\/x': Read-only file system/);
  say("writable", `${lines.slice(2).join(", ")}; user ${user}, no capabilities`);
}

/** The steps of the image's stage that run as its user: what it says about the native modules. */
async function tryNativeModules(): Promise<void> {
  const userAt = image.instructions.findIndex(({ keyword }) => keyword === "USER");
  const steps = image.instructions.slice(userAt).filter(({ keyword }) => keyword === "RUN");
  assert.ok(steps.length > 0);
  for (const { text } of steps) {
    say("as the user", await runInContainer(containerWith({}, {}), ["sh", "-c", text]));
  }
}

async function tryPostgres(): Promise<void> {
  const postgres = await createTestPostgres();
  try {
    const secrets = join(scratch, "secrets");
    mkdirSync(secrets);
    writeFileSync(join(secrets, "secret-key"), `${SECRET_KEY}\n`);
    writeFileSync(join(secrets, "database-url"), `${postgres.url}\n`);
    const data = createVolume("data");
    await serveOnce("PostgreSQL", {
      environment: {
        SECRET_KEY_FILE: "/run/secrets/secret-key",
        DATABASE_URL_FILE: "/run/secrets/database-url",
      },
      mounts: { "/run/secrets": secrets, "/var/lib/latchkey": data },
    });
    assert.deepEqual(readdirSync(data), [], "files in DATA_DIR");
    say("written, with PostgreSQL", "nothing");
  } finally {
    await postgres.drop();
  }
}

async function trySqlite(): Promise<void> {
  const volume = createVolume("volume");
  await serveOnce("SQLite", {
    environment: {
      SECRET_KEY,
      DATABASE_URL: "sqlite:/var/lib/latchkey/latchkey.sqlite",
    },
    mounts: { "/var/lib/latchkey": volume },
  });
  const files = readdirSync(volume).toSorted();
  assert.deepEqual(files, ["latchkey.sqlite", "lock.sqlite"]);
  say("written, with SQLite", files.join(" "));
}

/** A folder that belongs to the image's user, as an engine makes a volume. */
function createVolume(name: string): string {
  const path = join(scratch, name);
  mkdirSync(path, { mode: 0o700 });
  chownSync(path, Number(user), Number(user));
  return path;
}

/** migrate, account create, serve, health, SIGTERM: each with its exit code. */
async function serveOnce(
  what: string,
  { environment, mounts }: Pick<BareContainer, "environment" | "mounts">,
): Promise<void> {
  const port = String(await freePort());
  const issuer = `http://localhost:${port}`;
  const container = containerWith({ ...environment, PORT: port, ISSUER: issuer }, mounts);
  const latchkey = (args: readonly string[], input?: string) =>
    runInContainer(container, [...entry, ...args], { input });
  const health = (check: string, code: number) =>
    runInContainer(container, ["node", "/app/dist/src/health-check.js", check], { code });

  say(`${what}: migrate`, await latchkey(["migrate"]));
  const created = await latchkey(["account", "create", "ada"], "a sentence that nobody guesses");
  say(`${what}: account create`, created.split("\n").at(-1) ?? "");

  const server = startInContainer(container, [...entry, "serve"]);
  await waitUntil(
    () =>
      health("live", 0).then(
        () => true,
        () => false,
      ),
    server,
  );
  say(`${what}: health`, `${await health("live", 0)} ${await health("ready", 0)}`);
  const discovery = await fetch(`${issuer}/.well-known/openid-configuration`);
  assert.equal(discovery.status, 200);
  await discovery.body?.cancel();

  const stoppedAt = performance.now();
  server.signal("SIGTERM");
  assert.equal(await server.ended, 0, server.output());
  say(`${what}: SIGTERM`, `exit code 0 after ${Math.round(performance.now() - stoppedAt)} ms`);
  say(`${what}: health then`, await health("live", 1));
}
