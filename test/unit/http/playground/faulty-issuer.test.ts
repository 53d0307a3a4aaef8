import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Router } from "@koa/router";
import { expect } from "chai";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from "jose";
import Koa, { type Context } from "koa";
import { loadAssets } from "../../../../src/http/assets.js";
import { addPlaygroundRoutes } from "../../../../src/http/playground/playground-routes.js";
import { createRenderer } from "../../../../src/http/render.js";
import { systemClock } from "../../../../src/lib/clock.js";
import { readSteps, takeStep, textOf, type ShownStep } from "../../../support/playground-walk.js";
import { translators } from "../../../support/translators.js";
import { createUserAgent, type Page, type UserAgent } from "../../../support/user-agent.js";

const viewsDirectory = fileURLToPath(new URL("../../../../../views", import.meta.url));

type Answer = (ctx: Context) => unknown;

/** The playground before an issuer that answers as each test likes. */
describe("the playground before a faulty issuer", () => {
  let issuer: string;
  let close: () => Promise<unknown>;
  let agent: UserAgent;
  let clientSecret: string;
  let answers: Record<string, Answer>;
  let keys: { privateKey: CryptoKey; jwks: unknown };
  let nonce: string;

  before(async () => {
    const { privateKey, publicKey } = await generateKeyPair("RS256");
    keys = { privateKey, jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: "k" }] } };
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    close = () => new Promise((resolve) => server.close(resolve));

    const assets = loadAssets({ directory: join(viewsDirectory, "assets"), basePath: "" });
    const { render } = createRenderer({ viewsDirectory, translators, assets, basePath: "" });
    const router = new Router();
    addPlaygroundRoutes(router, {
      issuer,
      basePath: "",
      render,
      clientId: "playground",
      clientSecret: () => clientSecret,
      resource: `${issuer}/api`,
      clock: systemClock,
    });
    const app = new Koa();
    app.use((ctx, next) => answers[ctx.path]?.(ctx) ?? next());
    app.use(router.routes());
    const handle = app.callback();
    server.on("request", (req, res) => void handle(req, res));
  });
  after(() => close());

  beforeEach(() => {
    agent = createUserAgent(issuer);
    clientSecret = "secret";
    nonce = "";
    answers = {
      "/.well-known/openid-configuration": json(() => metadata()),
      "/auth": json(() => ({})),
      "/jwks": json(() => keys.jwks),
      "/token": async (ctx) => json(await tokens())(ctx),
      "/userinfo": json(() => ({ sub: "person" })),
    };
  });

  const json =
    (value: unknown, status = 200): Answer =>
    (ctx) => {
      ctx.status = status;
      ctx.body = typeof value === "function" ? (value as () => object)() : value;
      return Promise.resolve();
    };
  const html =
    (status: number): Answer =>
    (ctx) => {
      ctx.status = status;
      ctx.body = "<h1>Bad gateway</h1>";
      return Promise.resolve();
    };
  const cut: Answer = (ctx) => {
    ctx.req.socket.destroy();
    return Promise.resolve();
  };
  const metadata = () => ({
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    userinfo_endpoint: `${issuer}/userinfo`,
    introspection_endpoint: `${issuer}/introspect`,
    revocation_endpoint: `${issuer}/revoke`,
    end_session_endpoint: `${issuer}/end`,
  });

  async function tokens(changes: Record<string, unknown> = {}) {
    const idToken = await new SignJWT({ nonce, ...changes })
      .setProtectedHeader({ alg: "RS256", kid: "k" })
      .setIssuer(issuer)
      .setAudience("playground")
      .setSubject("person")
      .setIssuedAt()
      .setExpirationTime("1h")
      .sign(keys.privateKey);
    return { access_token: "opaque", token_type: "Bearer", id_token: idToken };
  }

  async function getToken(): Promise<ShownStep | undefined> {
    const start = await agent.open(`${issuer}/playground`);
    return readSteps(await agent.submit(start, {}, { action: /client-credentials$/ }))[0];
  }

  /** Goes to the issuer, which shows nothing, and comes back with a code. */
  async function signIn(): Promise<Page> {
    const start = await agent.open(`${issuer}/playground`);
    const sent = await agent.submit(start, { scope_openid: "on" }, { action: /authorize$/ });
    nonce = sent.url.searchParams.get("nonce") ?? "";
    const state = sent.url.searchParams.get("state") ?? "";
    return agent.open(
      `${issuer}/playground/callback?${new URLSearchParams({ code: "c", state, iss: issuer })}`,
    );
  }

  const DISCOVERY = "/.well-known/openid-configuration";
  const BROKEN_DISCOVERY: Record<string, { answer: () => Answer; outcome: RegExp }> = {
    "answers with a page": { answer: () => html(502), outcome: /status 502, but not with JSON/ },
    "answers with an array": { answer: () => json([1]), outcome: /status 200, but not with JSON/ },
    "cuts the connection": { answer: () => cut, outcome: /the connection was cut/ },
    redirects: {
      answer: () => (ctx) => Promise.resolve(ctx.redirect("/elsewhere")),
      outcome: /status 302/,
    },
    "is about another issuer": {
      answer: () => json({ ...metadata(), issuer: "https://evil.example" }),
      outcome: /The document is not about http/,
    },
    "lacks endpoints": {
      answer: () => json({ ...metadata(), token_endpoint: undefined, jwks_uri: "ftp://x" }),
      outcome: /lacks token_endpoint, jwks_uri/,
    },
  };
  for (const [what, { answer, outcome }] of Object.entries(BROKEN_DISCOVERY)) {
    it(`shows a failed step when discovery ${what}`, async () => {
      answers[DISCOVERY] = answer();
      const step = await getToken();
      expect(step?.title).to.equal("1. Discovery");
      expect(step?.outcome).to.match(outcome);
      const start = await agent.open(`${issuer}/playground`);
      const page = await agent.submit(start, { scope_openid: "on" }, { action: /authorize$/ });
      expect(readSteps(page)[0]?.outcome).to.match(outcome);
    });
  }

  it("tries discovery again at the next step after it failed", async () => {
    answers[DISCOVERY] = html(503);
    await getToken();
    answers[DISCOVERY] = json(metadata());
    expect((await getToken())?.outcome).to.equal(
      "The server issued an access token and an ID token.",
    );
  });

  const BROKEN_TOKENS: Record<string, { answer: Answer; outcome: RegExp }> = {
    "a page": { answer: html(200), outcome: /status 200, but not with JSON/ },
    "no access token": {
      answer: json({ token_type: "Bearer" }),
      outcome: /without what was asked for/,
    },
    "an access token of the wrong type": {
      answer: json({ access_token: 1 }),
      outcome: /without what/,
    },
    "nothing at all": { answer: cut, outcome: /the connection was cut/ },
    "an error": {
      answer: json({ error: "invalid_client", error_description: "who?" }, 401),
      outcome: /refused this: invalid_client \(who\?\)\./,
    },
  };
  for (const [what, { answer, outcome }] of Object.entries(BROKEN_TOKENS)) {
    it(`shows a failed step when the token endpoint gives ${what}`, async () => {
      answers["/token"] = answer;
      expect((await getToken())?.outcome).to.match(outcome);
    });
  }

  it("keeps no more than 64 KiB of an answer", async () => {
    answers["/token"] = (ctx) => {
      ctx.body = "x".repeat(1_000_000);
      return Promise.resolve();
    };
    expect((await getToken())?.text).to.have.length.within(65_536, 70_000);
  });

  it("holds the tokens when the ID token verifies", async () => {
    const page = await signIn();
    expect(readSteps(page)[0]?.outcome).to.equal(
      "The server issued an access token and an ID token.",
    );
    expect(page.html).to.include("It says that person signed in.");
  });

  it("uses nothing of an answer whose ID token does not hold", async () => {
    answers["/token"] = async (ctx) => json(await tokens({ nonce: "other" }))(ctx);
    const page = await signIn();
    const [step] = readSteps(page);
    expect(step?.outcome).to.include("nothing of this answer is used").and.include("claim nonce");
    expect(step?.text).to.match(/ID token\s+Not verified/);
    expect(page.html).to.include("The playground holds no tokens.");
  });

  for (const jwks of [{ keys: "none" }, { keys: [{ kty: "RSA", kid: "k" }] }]) {
    it(`uses nothing of an answer when the keys are ${JSON.stringify(jwks)}`, async () => {
      answers["/jwks"] = json(jwks);
      const page = await signIn();
      expect(readSteps(page)[0]?.outcome).to.include("The keys of the server could not be read.");
      expect(page.html).to.include("The playground holds no tokens.");
    });
  }

  it("calls a JWT that is not an access token for the API not verified", async () => {
    answers["/token"] = json({ access_token: "e30.e30.e30", expires_in: 60 });
    const step = await getToken();
    expect(step?.text).to.match(/Access token\s+Not verified/);
  });

  it("refuses userinfo about somebody else (OpenID Connect Core §5.3.2)", async () => {
    answers["/userinfo"] = json({ sub: "other" });
    const [step] = readSteps(await takeStep(agent, await signIn(), "userinfo"));
    expect(step?.outcome).to.include("The claims are about somebody else.");
    expect(step?.text).to.include("Failed: sub is not the person of the ID token.");
  });

  it("shows failed steps when introspection and revocation are not there", async () => {
    const page = await signIn();
    for (const step of ["introspect-access-token", "revoke-access-token"]) {
      const [shown] = readSteps(await takeStep(agent, page, step));
      expect(shown?.outcome).to.include("status 404");
    }
    expect((await agent.open(`${issuer}/playground/session`)).html).to.not.include("Revoked");
  });

  it("takes nothing when it is not registered, and says what to do", async () => {
    clientSecret = "";
    const start = await agent.open(`${issuer}/playground`);
    expect(start.html).to.include("DEMONSTRATION_DATA=true");
    const page = await agent.submit(start, {}, { action: /client-credentials$/ });
    expect(page.status).to.equal(409);
    expect(page.html).to.include("The playground is not registered as a client");
  });

  it("leaves the token endpoint to a shell variable when /callback cannot read discovery", async () => {
    answers[DISCOVERY] = cut;
    const { html: page } = await agent.open(`${issuer}/callback?code=c&iss=${issuer}`);
    expect(textOf(page)).to.include('"$TOKEN_ENDPOINT"').and.include("could not be read just now");
  });
});
