import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folders of what an account, a client or a token is; they do not know each other. */
const DOMAIN = ["accounts", "clients", "sessions", "tokens", "federation", "keys", "mail"];

/** Imports point right: what each part of src may import of ours. A part not named may not exist. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  "main.ts": [
    "app.ts",
    "deployment.ts",
    "config",
    "demonstration",
    "http",
    "storage",
    "oidc",
    ...DOMAIN,
    "lib",
  ],
  "cli.ts": [
    "main.ts",
    "app.ts",
    "deployment.ts",
    "cli",
    "commands",
    "config",
    "storage",
    "oidc",
    ...DOMAIN,
    "lib",
  ],
  "deployment.ts": ["config", "storage", "lib"],
  "health-check.ts": [],
  "app.ts": ["composition", "http", "oidc", ...DOMAIN],
  // Parts of what app.ts puts together.
  composition: [
    "deployment.ts",
    "config",
    "demonstration",
    "http",
    "storage",
    "oidc",
    ...DOMAIN,
    "language",
    "lib",
  ],
  cli: ["commands", "language", "clients", "federation", "keys", "lib"],
  commands: [
    "app.ts",
    "oidc",
    "accounts",
    "clients",
    "federation",
    "keys",
    "sessions",
    "mail",
    "lib",
  ],
  http: ["oidc", ...DOMAIN, "verify", "language", "lib"],
  language: ["lib"],
  storage: ["oidc", ...DOMAIN, "lib"],
  demonstration: ["oidc", "accounts", "clients", "lib"],
  oidc: [...DOMAIN, "language", "lib"],
  accounts: ["lib"],
  clients: ["lib"],
  sessions: ["lib"],
  tokens: ["verify", "lib"],
  federation: ["lib"],
  keys: ["lib"],
  mail: ["language", "lib"],
  // What may be said of an API, a provider or a profile is the same in a setting and elsewhere.
  config: ["accounts", "clients", "federation", "lib"],
  lib: [],
  verify: [],
};

/**
 * Where each package may be imported. Koa builds the pages in http, and app.ts puts the application
 * together; the library hands its contexts to oidc, which therefore names their types.
 */
const HOME_OF: Record<string, readonly string[]> = {
  koa: ["http", "app.ts", "types in oidc"],
  "koa-mount": ["app.ts"],
  "@koa/router": ["http", "composition"],
  "koa-body": ["http"],
  "intl-messageformat": ["language"],
  "@formatjs/icu-messageformat-parser": ["language"],
  nunjucks: ["http", "mail"],
  nodemailer: ["mail"],
  "oidc-provider": ["oidc"],
  "@node-rs/argon2": ["accounts"],
  "@simplewebauthn/server": ["accounts"],
  piscina: ["accounts"],
  otpauth: ["accounts"],
  "qrcode-generator": ["http"],
  jose: ["tokens", "verify"],
  "openid-client": ["federation"],
  knex: ["storage"],
  ioredis: ["storage"],
  "rate-limiter-flexible": ["storage"],
  pg: ["storage"],
  "better-sqlite3": ["storage"],
  pino: ["lib"],
  "pino-pretty": ["lib"],
  zod: ["config"],
  commander: ["cli.ts", "cli"],
};

const MAX_LINES = 250;
/** Files that a process starts with. */
const ENTRY_POINTS = /^src\/(?:main|cli|health-check)\.ts$|-worker\.ts$/;
const CLOCK = "src/lib/clock.ts";
/** The verifier goes into other people's APIs, and has a clock of its own there. */
const CLOCKS = new Set([CLOCK, "src/verify/clock.ts"]);

interface Import {
  readonly specifier: string;
  readonly isTypeOnly: boolean;
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const files = globSync(["src/**/*.ts", "migrations/**/*.ts"], { cwd: root })
  .filter((file) => !file.endsWith(".d.ts"))
  .toSorted();

describe("architecture", () => {
  it("finds the sources", () => {
    assert.ok(files.includes(CLOCK), `no ${CLOCK} under ${root}`);
  });

  it("imports every file on its own: nothing runs or opens at import", async () => {
    const parts = files.filter((file) => file.startsWith("src/") && !ENTRY_POINTS.test(file));
    for (const file of parts) {
      await import(new URL(`../${file.replace(/\.ts$/, ".js")}`, import.meta.url).href);
    }
  });

  for (const file of files) {
    it(`${file} keeps its place`, () => {
      const source = readFileSync(join(root, file), "utf8");
      const violations = [
        ...findImports(source).flatMap((each) => findImportViolation(file, each) ?? []),
        ...findSourceViolations(file, source),
      ];
      if (violations.length > 0) assert.fail(violations.join("\n"));
    });
  }
});

describe("the import scanner", () => {
  it("sees every way to import, and none in comments", () => {
    const source = [
      'import a from "a";',
      "import {\n  b,\n  type B,\n} from 'b';",
      'import "c";',
      'import type { D } from "d";',
      'export { e } from "e";',
      'export type { F } from "f";',
      'export * from "g";',
      'const h = await import("h");',
      'const url = "https://x"; const i = import(`i`);',
      'import { j } from "j"; import k from "k";',
      '// import l from "l";',
      '/* import m from "m"; */',
    ].join("\n");
    const found = findImports(source);
    assert.deepEqual(found.map(({ specifier }) => specifier).toSorted(), [
      "a",
      "b",
      "c",
      "d",
      "e",
      "f",
      "g",
      "h",
      "i",
      "j",
      "k",
    ]);
    assert.deepEqual(
      found.filter(({ isTypeOnly }) => isTypeOnly).map(({ specifier }) => specifier),
      ["d", "f"],
    );
  });

  it("refuses what the tables do not allow, and only that", () => {
    const verdict = (file: string, specifier: string, isTypeOnly = false) =>
      findImportViolation(file, { specifier, isTypeOnly }) === undefined;
    assert.equal(verdict("src/http/a.ts", "../oidc/b.js"), true);
    assert.equal(verdict("src/oidc/a.ts", "../http/b.js"), false);
    assert.equal(verdict("src/accounts/a.ts", "../clients/b.js"), false);
    assert.equal(verdict("src/http/a.ts", "../config/config.js", true), false);
    assert.equal(verdict("src/new-folder/a.ts", "./b.js"), false);
    assert.equal(verdict("src/oidc/a.ts", "koa", true), true);
    assert.equal(verdict("src/oidc/a.ts", "koa"), false);
    assert.equal(verdict("src/lib/a.ts", "left-pad"), false);
    assert.equal(verdict("src/http/a.ts", "oidc-provider/lib/x.js"), false);
    assert.equal(verdict("migrations/1.ts", "knex", true), true);
    assert.equal(verdict("src/lib/a.ts", "node:fs"), true);
  });
});

function findImportViolation(file: string, each: Import): string | undefined {
  const allowed = MAY_IMPORT[partOf(file)];
  if (allowed === undefined) return `${file}: ${partOf(file)} has no row in MAY_IMPORT`;
  if (each.specifier.startsWith("node:")) return undefined;
  return each.specifier.startsWith(".")
    ? findLayerViolation(file, each.specifier, allowed)
    : findHomeViolation(file, each);
}

function findLayerViolation(file: string, specifier: string, allowed: readonly string[]) {
  const part = partOf(file);
  const target = partOf(join(dirname(file), specifier.replace(/\.js$/, ".ts")));
  if (target === part || allowed.includes(target)) return undefined;
  const list = allowed.length === 0 ? "nothing else of ours" : `only ${allowed.join(", ")}`;
  return `${file} imports ${specifier}: ${part} may import ${list}`;
}

function findHomeViolation(file: string, { specifier, isTypeOnly }: Import): string | undefined {
  const part = partOf(file);
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  const homes = HOME_OF[name];
  if (homes === undefined) return `${file} imports ${specifier}: ${name} has no row in HOME_OF`;
  if (homes.includes(part) || (isTypeOnly && homes.includes(`types in ${part}`))) return undefined;
  return `${file} imports ${specifier}: the home of ${name} is ${homes.join(", ")}`;
}

function findSourceViolations(file: string, source: string): string[] {
  const code = withoutComments(source);
  const lines = source.trimEnd().split("\n").length;
  const checks: readonly (readonly [boolean, string])[] = [
    [!CLOCKS.has(file) && /\bDate\.now\b/.test(code), `reads Date.now: ask a Clock (${CLOCK})`],
    [
      !CLOCKS.has(file) && /\bnew Date(?:\(\s*\)|(?!\s*\(|\w))/.test(code),
      `reads the time: ask a Clock (${CLOCK})`,
    ],
    [/^\s*export\s+default\b|\bas\s+default\b/m.test(code), "has a default export: name it"],
    [file.startsWith("src/") && lines > MAX_LINES, `has ${lines} lines: ${MAX_LINES} at most`],
  ];
  return checks.flatMap(([isBroken, what]) => (isBroken ? [`${file} ${what}`] : []));
}

/** The folder or file directly under src; migrations belong with storage. */
function partOf(file: string): string {
  const [top, part = ""] = file.split("/");
  return top === "migrations" ? "storage" : part;
}

function findImports(source: string): Import[] {
  const code = withoutComments(source);
  const statements = code.matchAll(/\b(?:import|export)\b([^;"'`()=]*?)\bfrom\s*["']([^"']+)["']/g);
  const others = code.matchAll(/\bimport\s*(?:\(\s*)?["'`]([^"'`]+)["'`]/g);
  return [
    ...Array.from(statements, ([, clause = "", specifier = ""]) => ({
      specifier,
      isTypeOnly: /^\s+type\s+[^,\s]/.test(clause),
    })),
    ...Array.from(others, ([, specifier = ""]) => ({ specifier, isTypeOnly: false })),
  ];
}

/** Strings are stepped over, so that the slashes of "https://" begin no comment. */
function withoutComments(source: string): string {
  const stringOrComment =
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\*[^]*?\*\/|\/\/[^\n]*/g;
  return source.replaceAll(stringOrComment, (_match, string?: string) => string ?? " ");
}
