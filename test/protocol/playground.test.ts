import { createHash } from "node:crypto";
import { expect } from "chai";
import {
  passInteraction,
  preparePlayground,
  readSteps,
  signInAtPlayground,
  takeStep,
  textOf,
} from "../support/playground-walk.js";
import { runCurlCommand } from "../support/run-curl-command.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type UserAgent } from "../support/user-agent.js";

describe("the playground", () => {
  let server: TestServer;
  let clientSecret: string;
  let agent: UserAgent;
  before(async () => {
    server = await startTestServer();
    clientSecret = await preparePlayground(server);
  });
  after(() => server.close());
  beforeEach(() => {
    agent = createUserAgent(server.issuer);
  });

  const signIn = (fields?: Record<string, string>) => signInAtPlayground(agent, server, fields);
  const press = async (...steps: string[]) => {
    let page = await agent.open(`${server.issuer}/playground/session`);
    for (const step of steps) page = await takeStep(agent, page, step);
    return page;
  };
  const newest = async (...steps: string[]) => readSteps(await press(...steps))[0];

  describe("signing in", () => {
    it("starts with what may be asked for and what is registered", async () => {
      const page = await agent.open(`${server.issuer}/playground`);
      expect(page.status).to.equal(200);
      for (const scope of [
        "openid",
        "profile",
        "email",
        "phone",
        "address",
        "offline_access",
        "example:read",
      ]) {
        expect(page.html).to.include(`name="scope_${scope}"`);
      }
      expect(textOf(page.html)).to.include(`${server.issuer}/playground/callback`);
      expect(page.html).to.include("client_secret_basic");
      expect(page.headers.get("Set-Cookie")).to.equal(null);
    });

    it("runs the code flow with PKCE over discovery and shows each request in its order", async () => {
      const page = await signIn({ scope_openid: "on", scope_email: "on" });
      expect(page.url.pathname).to.equal("/playground/session");
      const steps = readSteps(page);
      expect(steps.map(({ title, badge }) => `${title}: ${badge}`)).to.deep.equal([
        "4. Token request with the code: 200 OK",
        "3. Signing keys: 200 OK",
        "2. Authorization request: Done",
        "1. Discovery: 200 OK",
      ]);
      expect(steps[2]?.text)
        .to.match(/code_challenge_method\s+S256/)
        .and.include("state is the one that this browser was sent away with.")
        .and.include("iss names the server that was asked (RFC 9207).");
      expect(steps[0]?.text)
        .to.include("The server issued an access token, a refresh token, and an ID token.")
        .and.include("The signature of the ID token fits a key of the server.")
        .and.include("nonce is the one that was sent with the authorization request.")
        .and.match(/ID token\s+Verified/)
        .and.match(/Access token\s+Not a JWT/)
        .and.match(/exp\s+\d+\s+Expires .* UTC, in (?:59|60) minutes/);
    });

    it("gets a JWT for the example API when asked, and verifies it (RFC 9068)", async () => {
      const [step] = readSteps(
        await signIn({ scope_openid: "on", "scope_example:read": "on", resource: "on" }),
      );
      expect(step?.text)
        .to.match(/Access token\s+Verified/)
        .and.match(/typ\s+at\+jwt/)
        .and.include(`${server.issuer}/protected-resource`);
      expect(await newest("resource")).to.include({
        badge: "200 OK",
        outcome: "The API accepted the access token.",
      });
      expect((await newest("userinfo"))?.outcome).to.include(
        "for the example API, and for nothing else",
      );
    });

    it("sends prompt only as offered", async () => {
      await signIn({ scope_openid: "on", prompt: "consent" });
      expect(readSteps(await press()).at(2)?.text).to.match(/prompt\s+consent/);
      await signIn({ scope_openid: "on", prompt: "none' or" });
      const request = readSteps(await press()).find(({ title }) => title.includes("Authorization"));
      expect(request?.text).to.not.include("prompt");
    });

    it("shows the refusal when the person does not allow it", async () => {
      const start = await agent.open(`${server.issuer}/playground`);
      const login = await agent.submit(start, { scope_openid: "on" }, { action: /authorize$/ });
      const page = await agent.submit(login, {}, { action: /\/cancel$/ });
      expect(page.url.pathname).to.equal("/playground/session");
      const [step] = readSteps(page);
      expect(step?.badge).to.equal("Failed");
      expect(step?.outcome).to.include("access_denied");
    });
  });

  describe("the steps after it", () => {
    it("asks userinfo and compares its subject with the ID token's (OIDC Core §5.3.2)", async () => {
      await signIn({ scope_openid: "on", scope_email: "on" });
      const step = await newest("userinfo");
      expect(step?.text)
        .to.include('"email": "ada@example.com"')
        .and.include("sub is the person of the ID token.");
    });

    it("refreshes, and shows that a new refresh token took the old one's place", async () => {
      await signIn();
      const step = await newest("refresh");
      expect(step?.text)
        .to.include("The server issued an access token, a refresh token, and an ID token.")
        .and.include("sub is the same person as before.");
      expect((await newest("refresh"))?.badge).to.equal("200 OK");
    });

    it("does not send one refresh token twice when Refresh is pressed twice", async () => {
      const page = await signIn();
      await Promise.all([takeStep(agent, page, "refresh"), takeStep(agent, page, "refresh")]);
      const refreshes = readSteps(await press()).slice(0, 2);
      expect(refreshes.map(({ badge }) => badge)).to.deep.equal(["200 OK", "200 OK"]);
    });

    it("introspects and revokes both tokens (RFC 7662, RFC 7009)", async () => {
      await signIn();
      expect((await newest("introspect-access-token"))?.outcome).to.equal(
        "The access token is active.",
      );
      expect((await newest("introspect-refresh-token"))?.outcome).to.equal(
        "The refresh token is active.",
      );
      expect((await newest("revoke-access-token"))?.badge).to.equal("200 OK");
      expect((await newest("introspect-access-token"))?.outcome).to.equal(
        "The access token is not active.",
      );
      const page = await press("revoke-refresh-token");
      expect(page.html).to.include("Revoked");
      expect((await newest("introspect-refresh-token"))?.outcome).to.equal(
        "The refresh token is not active.",
      );
      expect((await newest("refresh"))?.outcome).to.include(
        "The server refused this: invalid_grant",
      );
      expect((await newest("userinfo"))?.outcome).to.include(
        "The server refused this: invalid_token",
      );
    });

    it("signs out with the ID token as a hint and comes back with state", async () => {
      const session = await signIn();
      const page = await takeStep(agent, session, "sign-out");
      expect(page.url.pathname).to.equal("/playground/session");
      const [step] = readSteps(page);
      expect(step?.title).to.include("Sign-out request");
      expect(step?.badge).to.equal("Done");
      const again = await agent.submit(
        await agent.open(`${server.issuer}/playground`),
        { scope_openid: "on" },
        { action: /authorize$/ },
      );
      expect(again.html).to.include('name="identifier"');
    });

    it("gets a token without a person, with and without the API", async () => {
      const start = await agent.open(`${server.issuer}/playground`);
      const action = { action: /client-credentials$/ };
      const page = await agent.submit(start, { resource: "on" }, action);
      expect(readSteps(page)[0]?.text)
        .to.match(/Access token\s+Verified/)
        .and.match(/scope\s+example:read/);
      expect((await newest("resource"))?.badge).to.equal("200 OK");
      const opaque = await agent.submit(start, {}, action);
      expect(readSteps(opaque)[0]?.text).to.match(/Access token\s+Not a JWT/);
      expect(opaque.html).to.not.include('value="refresh"').and.not.include('value="sign-out"');
    });

    it("starts over without what it held", async () => {
      const page = await signIn();
      const start = await takeStep(agent, page, "start-over");
      expect(start.url.pathname).to.equal("/playground");
      expect(agent.cookies.map(({ name }) => name)).to.not.include("latchkey_playground");
    });
  });

  describe("the commands that it shows", () => {
    it("do in a shell what the playground did", async () => {
      await signIn({ scope_openid: "on", scope_email: "on" });
      const answerOf = async (step: string) => {
        const response = await runCurlCommand((await newest(step))?.curl ?? "");
        return {
          status: response.status,
          body: (await response.json()) as Record<string, unknown>,
        };
      };
      expect(await answerOf("userinfo"))
        .to.deep.include({ status: 200 })
        .and.have.nested.property("body.email");
      expect(await answerOf("introspect-access-token")).to.have.nested.property(
        "body.active",
        true,
      );
      expect(await answerOf("resource")).to.have.nested.property("body.client_id", "playground");
      const steps = readSteps(await press());
      const request = steps.find(({ title }) => title.includes("Authorization request"));
      expect((await runCurlCommand(request?.curl ?? "")).headers.get("Location")).to.include(
        "/interaction/",
      );
    });

    it("warn that a code is used up, and are right", async () => {
      const [step] = readSteps(await signIn());
      expect(step?.text).to.include("This code is used up.");
      const response = await runCurlCommand(step?.curl ?? "");
      expect(await response.json()).to.include({ error: "invalid_grant" });
    });
  });

  describe("an answer that does not fit", () => {
    const callback = (query: string) => agent.open(`${server.issuer}/playground/callback?${query}`);

    it("is not used without a session", async () => {
      const page = await callback("code=c&state=s");
      expect(page.status).to.equal(400);
      expect(page.html).to.include("no playground session").and.include('href="/playground"');
    });

    it("is not used with a foreign state, without one, or with two", async () => {
      await signIn();
      const count = readSteps(await press()).length;
      for (const query of ["code=c&state=foreign", "code=c", "code=c&state=a&state=b", ""]) {
        const page = await callback(query);
        expect(page.status).to.equal(400);
        expect(page.html)
          .to.include("No request waits for this answer")
          .and.include('href="/playground/session"');
      }
      expect(readSteps(await press())).to.have.length(count);
    });

    it("is used once", async () => {
      const page = await signIn();
      const [, , request] = readSteps(page);
      const state = /[?&]state=([\w-]+)/.exec(request?.curl ?? "")?.[1] ?? "";
      const again = await callback(`code=c&state=${state}&iss=${server.issuer}`);
      expect(again.status).to.equal(400);
      expect((await newest("userinfo"))?.badge).to.equal("200 OK");
    });

    for (const [what, iss] of [
      ["names another server", "&iss=https://evil.example"],
      ["names none", ""],
    ]) {
      it(`is not used when it ${what} as its issuer (RFC 9207 §2.4)`, async () => {
        const start = await agent.open(`${server.issuer}/playground`);
        await agent.submit(start, { scope_openid: "on" }, { action: /authorize$/ });
        const waiting = readSteps(await press())[0];
        expect(waiting?.badge).to.equal("Waiting");
        const state = /[?&]state=([\w-]+)/.exec(waiting?.curl ?? "")?.[1] ?? "";
        const page = await callback(`code=c&state=${state}${iss}`);
        const [step] = readSteps(page);
        expect(step?.title).to.include("Authorization request");
        expect(step?.badge).to.equal("Failed");
        expect(step?.outcome).to.equal("The answer is not from this server. It is not used.");
      });
    }

    it("with an unknown code shows the refusal as an outcome", async () => {
      const start = await agent.open(`${server.issuer}/playground`);
      await agent.submit(start, { scope_openid: "on" }, { action: /authorize$/ });
      const state = /[?&]state=([\w-]+)/.exec(readSteps(await press())[0]?.curl ?? "")?.[1] ?? "";
      const page = await callback(`code=unknown&state=${state}&iss=${server.issuer}`);
      const [step] = readSteps(page);
      expect(step?.badge).to.equal("400 Bad Request");
      expect(step?.outcome).to.include("invalid_grant");
      expect(page.html).to.include("The playground holds no tokens.");
    });
  });

  describe("a form that cannot be answered", () => {
    const post = (path: string, headers: Record<string, string>, body = "") =>
      fetch(`${server.issuer}/playground/${path}`, {
        method: "POST",
        redirect: "manual",
        headers: {
          Accept: "text/html",
          "Content-Type": "application/x-www-form-urlencoded",
          ...headers,
        },
        body,
      });

    it("is refused when it comes from another site", async () => {
      for (const headers of [
        { Origin: "https://evil.example" },
        { "Sec-Fetch-Site": "same-site" },
      ]) {
        for (const path of ["authorize", "client-credentials", "steps"]) {
          const response = await post(path, headers);
          expect(response.status).to.equal(403);
          expect(response.headers.get("Set-Cookie")).to.equal(null);
          expect(await response.text()).to.include("came from another site");
        }
      }
    });

    it("leads back when the session is gone or the step is unknown or lacks its token", async () => {
      const lost = await post("steps", { Cookie: "latchkey_playground=foreign" }, "step=userinfo");
      expect(lost.status).to.equal(400);
      expect(await lost.text())
        .to.include("no playground session")
        .and.include('href="/playground"');
      const start = await agent.open(`${server.issuer}/playground`);
      await agent.submit(start, { scope_openid: "on" }, { action: /authorize$/ });
      const session = await press();
      for (const step of [
        "userinfo",
        "refresh",
        "introspect-refresh-token",
        "revoke-access-token",
        "sign-out",
        "resource",
        "toString",
        "",
      ]) {
        const page = await takeStep(agent, session, step);
        expect(page.status, step).to.equal(409);
        expect(page.html).to.include("This step cannot be taken now");
      }
    });

    it("keeps its session to its own path, out of reach of script", async () => {
      const response = await post("authorize", {}, "scope_openid=on");
      expect(response.headers.get("Set-Cookie"))
        .to.match(/^latchkey_playground=[\w-]{43};/)
        .and.match(/path=\/playground(;|$)/i)
        .and.match(/; httponly/i)
        .and.match(/; samesite=lax/i);
    });
  });

  it("lives below the path of the issuer", async () => {
    const below = await startTestServer({ environment: { ISSUER: "http://localhost:{port}/id" } });
    try {
      await preparePlayground(below);
      const browser = createUserAgent(below.issuer);
      const page = await signInAtPlayground(browser, below);
      expect(page.url.pathname).to.equal("/id/playground/session");
      const cookie = browser.cookies.find(({ name }) => name === "latchkey_playground");
      expect(cookie?.path).to.equal("/id/playground");
      expect(readSteps(await takeStep(browser, page, "userinfo"))[0]?.badge).to.equal("200 OK");
    } finally {
      await below.close();
    }
  });

  describe("/callback", () => {
    const open = (query: string) => agent.open(`${server.issuer}/callback?${query}`);
    const commandOf = (html: string) =>
      textOf(/<pre class="command"[^>]*>(.*?)<\/pre>/s.exec(html)?.[1]);

    it("shows the code with the command that redeems it, and gives the address away to nobody", async () => {
      const page = await open(`code=a-code&state=a-state&iss=${server.issuer}`);
      expect(page.status).to.equal(200);
      expect(page.headers.get("Referrer-Policy")).to.equal("no-referrer");
      expect(textOf(page.html)).to.match(/state\s+a-state/);
      expect(commandOf(page.html).split(" \\\n  ")).to.deep.equal([
        `curl -u "$CLIENT_ID:$CLIENT_SECRET" ${server.issuer}/token`,
        "-d grant_type=authorization_code",
        "-d code=a-code",
        `-d redirect_uri=${server.issuer}/callback`,
        '-d code_verifier="$CODE_VERIFIER"',
      ]);
    });

    it("redeems the code with that command, given the variables", async () => {
      const CODE_VERIFIER = "a-code-verifier-of-at-least-forty-three-characters";
      const request = new URLSearchParams({
        client_id: "playground",
        response_type: "code",
        redirect_uri: `${server.issuer}/callback`,
        scope: "openid",
        code_challenge: createHash("sha256").update(CODE_VERIFIER).digest("base64url"),
        code_challenge_method: "S256",
      });
      const first = await agent.open(`${server.issuer}/auth?${request}`);
      const page = await passInteraction(agent, server, first);
      expect(page.url.pathname).to.equal("/callback");
      const variables = { CLIENT_ID: "playground", CLIENT_SECRET: clientSecret, CODE_VERIFIER };
      const response = await runCurlCommand(commandOf(page.html), variables);
      expect(response.status).to.equal(200);
      expect(await response.json()).to.include.keys("access_token", "id_token");
    });

    it("warns when the answer names no issuer, and gives no command when it names another", async () => {
      const silent = await open("code=a-code");
      expect(silent.html).to.include("does not say which server it is from");
      expect(commandOf(silent.html)).to.include("-d code=a-code");
      const foreign = await open("code=a-code&iss=https://evil.example");
      expect(foreign.html).to.include("This answer is not from this server");
      expect(commandOf(foreign.html)).to.equal("");
    });

    it("shows an error as one, and says when nothing has arrived", async () => {
      const refused = await open(
        `error=access_denied&error_description=${encodeURIComponent("<b>no</b>")}&iss=${server.issuer}`,
      );
      expect(refused.html).to.include("access_denied").and.include("&lt;b&gt;no&lt;/b&gt;");
      expect(commandOf(refused.html)).to.equal("");
      for (const query of ["", "code=&state=s", "code=a&code=b"]) {
        expect((await open(query)).html).to.include("Nothing has arrived");
      }
    });
  });
});
