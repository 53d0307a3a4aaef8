import { existsSync, globSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { PROJECT, runScenario, startScenario } from "../support/documentation.js";
import { freePort } from "../support/free-port.js";
import { spawnServer, type ServerProcess } from "../support/server-process.js";
import { authorize, createUserAgent, type Page } from "../support/user-agent.js";

describe("the documentation", function () {
  // Some twenty processes, on machines that have other work.
  this.timeout(180_000);
  const outputs = new Map<string, Promise<string>>();
  let directory: string;
  let server: ServerProcess;
  let environment: Record<string, string>;
  let addresses: Record<string, string>;
  let demonstration: { username: string; password: string; initialAccessToken: string };

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "latchkey-docs-"));
    // As in a project that has installed it.
    await mkdir(join(directory, "node_modules"));
    await symlink(PROJECT, join(directory, "node_modules/latchkey"));
    environment = {
      PORT: String(await freePort()),
      DATA_DIR: join(directory, "data"),
      OUTBOUND_ALLOWED_HOSTS: "localhost",
    };
    server = await spawnServer(environment);
    const [web, api] = [await freePort(), await freePort()];
    const [verifying, listed, paying] = [await freePort(), await freePort(), await freePort()];
    addresses = {
      "http://localhost:8000": server.issuer,
      "localhost:3000": `localhost:${web}`,
      "listen(3000": `listen(${web}`,
      "localhost:4000": `localhost:${api}`,
      "listen(4000": `listen(${api}`,
      "localhost:4001": `localhost:${verifying}`,
      "listen(4001": `listen(${verifying}`,
      "localhost:4002": `localhost:${listed}`,
      "listen(4002": `listen(${listed}`,
      "localhost:4003": `localhost:${paying}`,
      "listen(4003": `listen(${paying}`,
    };
    const inBanner = (pattern: RegExp) => pattern.exec(server.output())?.[1] ?? "";
    demonstration = {
      username: "demo",
      password: inBanner(/demo {2}password {2}(\S+)/),
      initialAccessToken: inBanner(/initial access token {2}(\S+)/),
    };
    runAhead("README.md", ["commands"], "a sentence that nobody guesses");
    runAhead("docs/guides/machine-client.md", ["machine-client"]);
    runAhead("docs/guides/first-party-sign-in.md", ["first-party"], `${demonstration.password}\n`);
    runAhead("docs/guides/api-that-checks-tokens.md", ["api"]);
    runAhead("docs/guides/registering-apis.md", ["registering-apis"]);
    runAhead("docs/guides/single-sign-on.md", ["single-sign-on"]);
    runAhead("docs/guides/verify-access-tokens.md", ["verify"]);
    runAhead("docs/guides/token-exchange.md", ["token-exchange"]);
    runAhead("docs/guides/step-up.md", ["step-up"]);
    runAhead("docs/guides/status-lists.md", ["status-lists"]);
    runAhead("docs/guides/personal-data.md", ["personal-data"]);
    runAhead("docs/guides/registering-clients.md", ["registering-commands", "registering-dynamic"]);
  });
  after(async () => {
    await Promise.allSettled(outputs.values());
    await server.stop("SIGTERM");
    await rm(directory, { recursive: true, force: true });
  });

  /** The address and the ports of this run instead of those in the document. */
  const scenario = (document: string, name: string) => ({
    document,
    name,
    addresses,
    environment: { ...environment, NODE_COMPILE_CACHE: join(directory, "compile-cache") },
    directory: join(directory, name),
  });
  /** Most of the time is spent in starting commands, so scenarios run side by side. */
  function runAhead(document: string, names: readonly string[], input?: string): void {
    for (const name of names) {
      const output = runScenario(scenario(document, name), input);
      // Told by the test that asks for it.
      output.catch(() => {});
      outputs.set(name, output);
    }
  }

  async function printed(name: string): Promise<string> {
    return (await outputs.get(name)) ?? "";
  }

  /** Signs in where the client is this server itself, as the README's is. */
  async function signInHere(url: string): Promise<Page> {
    const agent = createUserAgent(server.issuer);
    const { username, password } = demonstration;
    const login = await agent.open(url);
    const consent = await agent.submit(login, { identifier: username, password });
    return agent.submit(consent, { decision: "allow" }, { action: /\/consent$/ });
  }

  for (const document of documents()) {
    it(`${document} links to what exists`, () => {
      expect(findBrokenLinks(document)).to.deep.equal([]);
    });
  }

  it("README: the four requests work, and those without a browser, pasted one after another", async () => {
    const shell = await startScenario(scenario("README.md", "readme"));
    shell.type(demonstration.initialAccessToken);
    const [url] = await shell.waitFor(/http:\S+\/auth\?\S+/);
    const page = await signInHere(url);
    expect(page.html).to.include("A code has arrived");
    shell.type(page.url.searchParams.get("code") ?? "");
    shell.type(demonstration.password);
    const output = await shell.finish();
    expect(output).to.include("401 Unauthorized");
    expect(output).to.include("WWW-Authenticate: Bearer");
    expect(output).to.include("The access token is valid.");
    expect(output).to.match(/"active":true.*\n200\n\{"active":false\}\n/);
    expect(output).to.match(/"unauthorized_client".*\n.*"invalid_grant"/);
  });

  it("README: the operator commands work", async () => {
    const output = await printed("commands");
    expect(output).to.include('Created the account "ada"');
    expect(output).to.match(/client_secret {2}\S+/);
    expect(output).to.include('Created the API "https://api.example.com"');
  });

  it("guide for machine clients: secret and private key get tokens", async () => {
    const output = await printed("machine-client");
    expect(output).to.include('"token_type":"Bearer"');
    expect(output).to.include("one token for both");
    expect(output).to.include("bearer token for reports:read");
  });

  it("guide for APIs: the program and introspection accept and refuse what they say", async () => {
    const output = await printed("api");
    expect(output.match(/^\d{3}$/gm)).to.deep.equal(["401", "200", "403", "401"]);
    expect(output).to.match(/^\{"active":true,.*^\{"active":false\}$/ms);
  });

  it("guide for status lists: the program refuses a revoked token without asking for it", async () => {
    const output = await printed("status-lists");
    expect(output.match(/^\d{3}$/gm)).to.deep.equal(["200", "401"]);
  });

  it("guide for registering APIs: made, opened to a client, given claims", async () => {
    const output = await printed("registering-apis");
    expect(output).to.include("may ask for stock:read");
    expect(output).to.include('"email": "account.email"').and.include('"const": "gold"');
    expect(output).to.include('"access_token_seconds": 300');
  });

  it("guide for single sign-on: a provider added, changed, disabled and removed", async () => {
    const output = await printed("single-sign-on");
    expect(output).to.include('Added "GitHub"').and.include("/oauth/callback");
    expect(output).to.include('"has_client_secret": true').and.include('"accounts": "link"');
    expect(output).to.include('Removed the provider "github"');
  });

  it("guide for first-party sign-in: tokens, a code, refresh, introspection, revocation", async () => {
    const output = await printed("first-party");
    expect(output).to.include('"scope":"openid offline_access"');
    expect(output).to.match(/"insufficient_authorization".*"password_required":true/);
    expect(output).to.match(/"id_token":.*\n.*"active":true.*\n200\n\{"active":false\}\n/);
  });

  it("guide for verifying: the API of latchkey/verify accepts and refuses what it says", async () => {
    const output = await printed("verify");
    expect(output.match(/^\d{3}$/gm)).to.deep.equal(["401", "200", "403", "401"]);
    expect(output).to.match(/^WWW-Authenticate: Bearer realm="[^"]+", scope="orders:read"\r$/m);
    expect(output).to.match(/^WWW-Authenticate: DPoP realm=.*algs="ES256 EdDSA"\r$/m);
  });

  it("guide for stepping up: the API says which sign-in it wants (RFC 9470)", async () => {
    const output = await printed("step-up");
    expect(output).to.include("with a second step from now on");
    expect(output).to.match(/error="insufficient_user_authentication".*max_age="300"/);
  });

  it("guide for personal data: handed out, and an account deleted, kept and deleted at once", async () => {
    const output = await printed("personal-data");
    expect(output).to.match(
      /takes that back\.\nThe account "grace@example.com" stays\.\n.* deletes it now\./,
    );
    const file = readFileSync(join(directory, "personal-data/grace.json"), "utf8");
    expect(JSON.parse(file)).to.have.nested.property("account.email", "grace@example.com");
  });

  it("guide for token exchange: allowed, exchanged, refused", async () => {
    const output = await printed("token-exchange");
    expect(output).to.include(
      '"issued_token_type":"urn:ietf:params:oauth:token-type:access_token"',
    );
    expect(output).to.match(/"act":\{"sub":"[\w-]+"\}/);
    expect(output).to.match(/\{"error":"invalid_scope".*"scope":"stock:move"\}/);
  });

  it("guide for registering: by command, by registration, refused", async () => {
    expect(await printed("registering-commands")).to.include("shown once");
    const output = await printed("registering-dynamic");
    expect(output).to.match(/^204$/m);
    expect(output).to.include("redirect_uris must not contain wildcards");
  });

  it("guide for server-side applications: signs a person in and out", async () => {
    const application = await startScenario(
      scenario("docs/guides/server-side-web-application.md", "server-side"),
    );
    try {
      const [, home = ""] = await application.waitFor(/Open (\S+)/);
      const begun = await visit(`${home}login`);
      const agent = createUserAgent(server.issuer);
      const callback = await authorize(agent, begun.location, demonstration);
      const done = await visit(callback.href, begun.cookie);
      const page = await visit(home, done.cookie);
      expect(page.html).to.include("Signed in as Demo Person");

      const confirm = await agent.open(`${server.issuer}/session/end`);
      await agent.submit(confirm, { logout: "yes" });
      await eventually("the application has ended its session", async () => {
        return (await visit(home, done.cookie)).html.includes("Sign in");
      });

      const again = await visit(`${home}login`);
      const next = await authorize(agent, again.location, demonstration);
      const returnedTo = await visit(next.href, again.cookie);
      expect((await visit(home, returnedTo.cookie)).html).to.include("Signed in as Demo Person");
      const left = await visit(`${home}logout`, returnedTo.cookie, "POST");
      const returned = await agent.open(left.location);
      expect(returned.url.href).to.equal(home);
    } finally {
      await application.stop();
    }
  });
});

/** One request of a browser, without following where it leads. */
async function visit(url: string, cookie = "", method = "GET") {
  const response = await fetch(url, { method, headers: { Cookie: cookie }, redirect: "manual" });
  return {
    html: await response.text(),
    location: response.headers.get("Location") ?? "",
    cookie: response.headers.get("Set-Cookie")?.split(";")[0] ?? "",
  };
}

function documents(): string[] {
  return globSync(["*.md", "docs/**/*.md"], { cwd: PROJECT }).toSorted();
}

/** Relative links of a document to files or headings that are not there. */
function findBrokenLinks(document: string): string[] {
  const markdown = withoutCode(readFileSync(join(PROJECT, document), "utf8"));
  const links = Array.from(markdown.matchAll(/\]\(([^)\s]+)\)/g), ([, link = ""]) => link);
  return links.filter(
    (link) => !/^(?:https?|mailto):/.test(link) && !leadsSomewhere(document, link),
  );
}

function leadsSomewhere(document: string, link: string): boolean {
  const [path = "", heading] = link.split("#");
  const target = path === "" ? document : join(dirname(document), path);
  if (!existsSync(join(PROJECT, target))) return false;
  return heading === undefined || headingsOf(target).includes(heading);
}

/** Headings as GitHub and others make anchors of them. */
function headingsOf(document: string): string[] {
  const markdown = withoutCode(readFileSync(join(PROJECT, document), "utf8"));
  return Array.from(markdown.matchAll(/^#+ (.+)$/gm), ([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function withoutCode(markdown: string): string {
  return markdown.replaceAll(/^```[^]*?^```/gm, "");
}
