/**
 * Glewlwyd, a provider in C from Debian, on SQLite. It is configured through its administration
 * interface, as its operators do it.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { findFreePorts } from "../free-port.js";
import { reportMissing } from "../missing-services.js";
import {
  addressesOf,
  waitForAnswer,
  type KillableUpstream,
  type UpstreamOptions,
  type UpstreamPerson,
} from "./upstream.js";

const PROGRAM = "/usr/bin/glewlwyd";
const PAGES = "/usr/share/glewlwyd/webapp";
const SCHEMA = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3";
const HOW_TO_GET_IT =
  "install Debian's packages glewlwyd and dbconfig-sqlite3, whose program the tests start by themselves";

const CLIENT_ID = "latchkey";
/** Letters alone: it does not decode what RFC 6749 §2.3.1 has clients encode. */
const CLIENT_SECRET = "glewlwydAndLatchkeyShareThisSecret";
const SID_COOKIE = "GLEWLWYD2_OIDC_SID";
const SESSION_COOKIE = "GLEWLWYD2_SESSION_ID";

/** Says at the end of the run when it is not there. @throws in CI */
export function isGlewlwydThere(): boolean {
  if (existsSync(PROGRAM) && existsSync(SCHEMA)) return true;
  if (process.env["CI"] === "true") throw new Error(`${PROGRAM} is missing: ${HOW_TO_GET_IT}`);
  reportMissing("Glewlwyd", HOW_TO_GET_IT);
  return false;
}

export async function startGlewlwyd(options: UpstreamOptions): Promise<KillableUpstream> {
  const [port = 0] = await findFreePorts(1);
  const origin = `http://127.0.0.1:${port}`;
  const folder = await mkdtemp(join(tmpdir(), "latchkey-glewlwyd-"));
  const settings = join(folder, "glewlwyd.conf");
  const database = join(folder, "glewlwyd.db");
  const pages = join(folder, "pages");
  await copyPages(pages);
  new Database(database).exec(readFileSync(SCHEMA, "utf8")).close();
  await writeFile(settings, describeSettings({ port, origin, database, pages }));

  /** By username. */
  const sessions = new Map<string, { readonly cookie: string; readonly sid: string }>();
  let child: ChildProcess | undefined;
  const self: KillableUpstream = {
    issuer: `${origin}/api/oidc`,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    authentication: "client_secret_basic",
    async signInAs(person, authorizationUrl) {
      const { username, password } = person;
      const cookie = await openSession(origin, { username, password });
      await call({ origin, cookie }, `PUT /auth/grant/${CLIENT_ID}`, { scope: "openid" });
      const url = new URL(authorizationUrl);
      // What its login page adds when it sends the browser back.
      url.searchParams.set("g_continue", "");
      const answer = await fetch(url, { headers: { Cookie: cookie }, redirect: "manual" });
      const location = answer.headers.get("Location");
      if (location === null) throw new Error(`${answer.status} ${await answer.text()}`);
      const cookies = answer.headers.getSetCookie().join("; ");
      const sid = new RegExp(`${SID_COOKIE}=([^;]*)`).exec(cookies)?.[1] ?? "";
      sessions.set(username, { cookie, sid });
      return new URL(location);
    },
    async signOut({ username }) {
      const { cookie, sid } = sessions.get(username) ?? { cookie: "", sid: "" };
      await call({ origin, cookie }, `DELETE /oidc/session/${sid}`, {});
    },
    async signInAtPages(page, { username, password }) {
      await page.locator("#username").fill(username);
      await page.locator("#password").fill(password);
      await page.locator("#password").press("Enter");
      await page.getByRole("button", { name: "Continue" }).click();
      await page.waitForURL((url) => url.origin !== origin);
    },
    async agreeToSignOut(page) {
      await page.locator("button.btn-danger", { hasText: "Logout" }).click();
      await page.waitForURL((url) => url.origin !== origin);
    },
    async signOutAtPages(page) {
      const cookies = await page.context().cookies(origin);
      const sid = cookies.find(({ name }) => name === SID_COOKIE)?.value ?? "";
      // Where its end_session_endpoint sends a browser whose ID token it knows.
      const question = { prompt: "end_session", sid, plugin: "oidc", client_id: CLIENT_ID };
      await page.goto(`${origin}/login.html?${new URLSearchParams(question)}`);
      const ended = page.waitForResponse((answer) => answer.request().method() === "DELETE");
      await page.locator("button.btn-danger", { hasText: "Logout" }).click();
      await ended;
    },
    async kill() {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
    async start() {
      child = spawnBoundToUs([PROGRAM, "-c", settings]);
      await waitForAnswer(`${origin}/config`);
    },
    async stop() {
      await self.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await self.start();
  await configure(origin, options);
  return self;
}

/** It serves nothing that lies elsewhere, and Debian's package has links for half of its pages. */
async function copyPages(to: string): Promise<void> {
  const settings = join(PAGES, "config.json");
  await cp(PAGES, to, {
    recursive: true,
    dereference: true,
    filter: (source) => existsSync(source) && source !== settings,
  });
  // The link leads to a folder that has the file in it.
  const file = statSync(settings).isDirectory() ? join(settings, "config.json") : settings;
  await cp(file, join(to, "config.json"), { dereference: true });
}

/** The rest of its sample file names what the defaults are. */
function describeSettings(values: Record<string, string | number>): string {
  const { port, origin, database, pages } = values;
  const mimeTypes = [
    [".ico", "image/x-icon"],
    [".woff2", "font/woff2"],
    [".html", "text/html"],
    [".css", "text/css"],
    [".js", "application/javascript"],
    [".json", "application/json"],
  ].map(([extension, type]) => `{ extension = "${extension}", mime_type = "${type}" }`);
  return `
    port = ${port}
    bind_address = "127.0.0.1"
    external_url = "${origin}"
    login_url = "login.html"
    api_prefix = "api"
    static_files_path = "${pages}/"
    static_files_mime_types = (${mimeTypes.join(", ")})
    log_mode = "console"
    log_level = "WARNING"
    cookie_domain = "127.0.0.1"
    cookie_secure = 0
    session_key = "${SESSION_COOKIE}"
    admin_session_authentication = "cookie"
    profile_session_authentication = "cookie"
    login_api_enabled = true
    admin_scope = "g_admin"
    profile_scope = "g_profile"
    user_module_path = "/usr/lib/glewlwyd/user"
    client_module_path = "/usr/lib/glewlwyd/client"
    user_auth_scheme_module_path = "/usr/lib/glewlwyd/scheme"
    plugin_module_path = "/usr/lib/glewlwyd/plugin"
    use_secure_connection = false
    secure_connection_key_file = ""
    secure_connection_pem_file = ""
    secure_connection_ca_file = ""
    hash_algorithm = "SHA512"
    database = { type = "sqlite3"; path = "${database}"; };
  `;
}

async function configure(origin: string, options: UpstreamOptions): Promise<void> {
  // What its package sets up, in a database that lives as long as a test.
  const cookie = await openSession(origin, { username: "admin", password: "password" });
  const administration = { origin, cookie };
  await call(administration, "PUT /mod/user/database", describeTable(["email-verified"]));
  await call(administration, "PUT /mod/user/database/reset", {});
  await call(administration, "PUT /mod/client/database", describeTable(CLIENT_TEXTS, CLIENT_LISTS));
  await call(administration, "PUT /mod/client/database/reset", {});
  await call(administration, "POST /mod/plugin/", {
    module: "oidc",
    name: "oidc",
    display_name: "OpenID Connect",
    parameters: describePlugin(`${origin}/api/oidc`),
  });
  await call(administration, "PUT /scope/openid", {
    display_name: "Who you are",
    password_required: true,
    password_max_age: 0,
    scheme: {},
    scheme_required: {},
  });
  for (const person of options.people) await addPerson(administration, person);
  await addClient(administration, options);
}

const CLIENT_TEXTS = [
  "client_secret",
  "backchannel_logout_uri",
  "backchannel_logout_session_required",
];
const CLIENT_LISTS = [
  "redirect_uri",
  "authorization_type",
  "token_endpoint_auth_method",
  "post_logout_redirect_uris",
];

/** What it may keep of people or clients beside names and passwords. */
function describeTable(texts: readonly string[], lists: readonly string[] = []) {
  const format = (name: string, multiple: boolean) => [name, { multiple, read: true, write: true }];
  return {
    display_name: "Database",
    parameters: {
      "use-glewlwyd-connection": true,
      "data-format": Object.fromEntries([
        ...texts.map((name) => format(name, false)),
        ...lists.map((name) => format(name, true)),
      ]),
    },
  };
}

function describePlugin(issuer: string) {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = { ...privateKey.export({ format: "jwk" }), kid: "1", alg: "RS256", use: "sig" };
  return {
    iss: issuer,
    "jwt-type": "rsa",
    "jwt-key-size": "256",
    "jwks-private": JSON.stringify({ keys: [key] }),
    "default-kid": key.kid,
    "jwks-show": true,
    "subject-type": "public",
    "access-token-duration": 3600,
    "refresh-token-duration": 86_400,
    "code-duration": 60,
    "auth-type-code-enabled": true,
    // Its documentation: codes without this one bring no ID token.
    "auth-type-id-token-enabled": true,
    "allowed-scope": ["openid"],
    "name-claim": "mandatory",
    "email-claim": "mandatory",
    claims: [
      {
        name: "email_verified",
        "user-property": "email-verified",
        type: "boolean",
        "boolean-value-true": "1",
        "boolean-value-false": "0",
        mandatory: true,
      },
    ],
    "pkce-allowed": true,
    "pkce-required": true,
    "session-management-allowed": true,
    "session-cookie-name": SID_COOKIE,
    "session-cookie-expiration": 3600,
    // Unused; without it its question page asks for what is not there.
    "front-channel-logout-allowed": true,
    "back-channel-logout-allowed": true,
  };
}

interface Administration {
  readonly origin: string;
  readonly cookie: string;
}

async function addPerson(administration: Administration, person: UpstreamPerson): Promise<void> {
  const { username, password, name, email, emailVerified } = person;
  await call(administration, "POST /user/", {
    username,
    password,
    name,
    email,
    "email-verified": emailVerified ? "1" : "0",
    scope: ["openid", "g_profile"],
    enabled: true,
  });
}

async function addClient(administration: Administration, options: UpstreamOptions): Promise<void> {
  const { callback, signedOut, backChannelLogout } = addressesOf(options);
  await call(administration, "POST /client/", {
    client_id: CLIENT_ID,
    name: "Latchkey",
    client_secret: CLIENT_SECRET,
    confidential: true,
    enabled: true,
    scope: ["openid"],
    authorization_type: ["code", "id_token"],
    redirect_uri: [callback],
    token_endpoint_auth_method: ["client_secret_basic"],
    post_logout_redirect_uris: [signedOut],
    backchannel_logout_uri: backChannelLogout,
    backchannel_logout_session_required: "1",
  });
}

/** @returns the `Cookie` header of a session in which somebody has signed in. */
async function openSession(
  origin: string,
  credentials: { username: string; password: string },
): Promise<string> {
  const answer = await fetch(`${origin}/api/auth/`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(credentials),
  });
  if (!answer.ok) throw new Error(`sign-in at Glewlwyd: ${answer.status} ${await answer.text()}`);
  return answer.headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ");
}

async function call(
  { origin, cookie }: Administration,
  request: string,
  body: object,
): Promise<void> {
  const [method = "", path = ""] = request.split(" ");
  const answer = await fetch(`${origin}/api${path}`, {
    method,
    headers: { Cookie: cookie, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${request} at Glewlwyd: ${answer.status} ${text}`);
}

/** Ends with this process, however this one ends, where there is `setpriv`. */
function spawnBoundToUs(command: readonly string[]): ChildProcess {
  const [program = "", ...args] = hasSetpriv
    ? ["setpriv", "--pdeathsig", "KILL", ...command]
    : command;
  const child = spawn(program, args, { stdio: "ignore", env: { PATH: process.env["PATH"] } });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

const hasSetpriv = spawnSync("setpriv", ["--pdeathsig", "KILL", "true"]).status === 0;
