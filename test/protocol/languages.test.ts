import { expect } from "chai";
import { LANGUAGE_TAGS } from "../../src/language/languages.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { authorize, createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

describe("the language of the pages", () => {
  let server: TestServer;
  let rp: RelyingParty;

  before(async () => {
    server = await startTestServer();
    rp = await connect(server, await createTestClient(server));
  });

  after(() => server.close());

  async function begin(agent: UserAgent, parameters: Record<string, string> = {}): Promise<Page> {
    return agent.open((await rp.begin(parameters)).url);
  }

  function choose(agent: UserAgent, page: Page, language: string): Promise<Page> {
    const link = new RegExp(`href="([^"]*/language/${language}[^"]*)"`).exec(page.html)?.[1] ?? "";
    return agent.open(new URL(link.replaceAll("&amp;", "&"), page.url));
  }

  it("is told in discovery (OpenID Connect Discovery §3)", async () => {
    const response = await fetch(`${server.issuer}/.well-known/openid-configuration`);
    expect(await response.json()).to.deep.include({ ui_locales_supported: [...LANGUAGE_TAGS] });
  });

  it("is the browser's, and English when that is none of ours (RFC 9110 §12.5.4)", async () => {
    expect(
      languageOf(await begin(createUserAgent(server.issuer, { languages: "tlh, de" }))),
    ).to.equal("de");
    expect(languageOf(await begin(createUserAgent(server.issuer, { languages: "tlh" })))).to.equal(
      "en",
    );
  });

  it("is the application's wish before the browser's, at every step (OpenID Connect Core §3.1.2.1)", async () => {
    const agent = createUserAgent(server.issuer, { languages: "de" });
    const login = await begin(agent, { ui_locales: "tlh fr-CA en" });
    expect(languageOf(login)).to.equal("fr");
    const wrong = await agent.submit(
      login,
      { identifier: "ada", password: "wrong" },
      { action: /\/login$/ },
    );
    expect(wrong.status).to.equal(422);
    expect(languageOf(wrong)).to.equal("fr");
    expect(wrong.html).to.include("Il y a un problème");
    const consent = await agent.submit(
      wrong,
      { identifier: "ada", password: server.password },
      { action: /\/login$/ },
    );
    expect(languageOf(consent)).to.equal("fr");
    expect(consent.html).to.include("Autoriser");
  });

  it("is the wish of a pushed request, too (RFC 9126 §2.1)", async () => {
    const { url } = await rp.begin({ ui_locales: "pt" }, { pushed: true });
    expect(languageOf(await createUserAgent(server.issuer).open(url))).to.equal("pt");
  });

  it("stays with a request that has to start again", async () => {
    const agent = createUserAgent(server.issuer);
    const login = await begin(agent, { ui_locales: "ja" });
    agent.cookies.splice(
      0,
      agent.cookies.length,
      ...agent.cookies.filter(({ name }) => !name.includes("interaction")),
    );
    const again = await agent.open(login.url);
    expect(again.url.pathname).to.not.equal(login.url.pathname);
    expect(languageOf(again)).to.equal("ja");
  });

  it("is what the person chose on the page, though the application wishes another", async () => {
    const agent = createUserAgent(server.issuer, { languages: "en" });
    const login = await begin(agent, { ui_locales: "fr" });
    const german = await choose(agent, login, "de");
    expect(german.url.pathname).to.equal(login.url.pathname);
    expect(languageOf(german)).to.equal("de");
    const consent = await agent.submit(
      german,
      { identifier: "ada", password: server.password },
      { action: /\/login$/ },
    );
    expect(languageOf(consent)).to.equal("de");
    expect(languageOf(await begin(agent, { ui_locales: "fr" }))).to.equal("de");
    expect(languageOf(await begin(agent))).to.equal("de");
    // The person has chosen another language in the application.
    expect(languageOf(await begin(agent, { ui_locales: "es" }))).to.equal("es");
  });

  it("can be chosen on a page that answers a form, and leads back to the form", async () => {
    const agent = createUserAgent(server.issuer);
    const login = await begin(agent);
    const wrong = await agent.submit(
      login,
      { identifier: "ada", password: "wrong" },
      { action: /\/login$/ },
    );
    const page = await choose(agent, wrong, "ar");
    expect(page.url.pathname).to.equal(login.url.pathname);
    expect(page.html).to.match(/<html lang="ar" dir="rtl">/);
  });

  it("keeps what a page says of an answer that nobody here asked for, and not the answer", async () => {
    const agent = createUserAgent(server.issuer);
    const page = await agent.open(
      `${server.issuer}/oauth/callback?state=unknown&code=code-they-sent`,
    );
    expect(page.html).to.include("attempt_unknown").and.not.include("code-they-sent");
    const german = await choose(agent, page, "de");
    expect(german.url.href).to.equal(`${server.issuer}/oauth/callback`);
    expect(languageOf(german)).to.equal("de");
    expect(german.html).to.include("attempt_unknown");
  });

  it("is the account's before the browser's, once somebody is signed in (OpenID Connect Core §5.1)", async () => {
    await server.app.createAccount({
      username: "ines",
      email: "ines@example.com",
      emailVerified: true,
      profile: { name: "Inés Example", locale: "es-MX" },
      password: server.password,
    });
    const agent = createUserAgent(server.issuer, { languages: "ja" });
    await authorize(agent, (await rp.begin({})).url, {
      username: "ines",
      password: server.password,
    });
    expect(languageOf(await agent.open(`${server.issuer}/account/sign-ins`))).to.equal("es");
  });

  it("leads nowhere else, whatever a link says", async () => {
    for (const back of [
      "https://evil.example/",
      "//evil.example",
      "/\\evil.example",
      "javascript:1",
    ]) {
      const url = `${server.issuer}/language/de?back=${encodeURIComponent(back)}`;
      const response = await fetch(url, { redirect: "manual" });
      expect(response.status).to.equal(303);
      expect(response.headers.get("Location")).to.equal("/");
    }
    const unknown = await fetch(`${server.issuer}/language/tlh?back=/device`, {
      redirect: "manual",
    });
    expect(unknown.headers.get("Location")).to.equal("/device");
    expect(unknown.headers.get("Set-Cookie")).to.equal(null);
  });
});

function languageOf(page: Page): string | undefined {
  const language = /<html lang="([^"]*)"/.exec(page.html)?.[1];
  expect(page.headers.get("Content-Language")).to.equal(language);
  return language;
}
