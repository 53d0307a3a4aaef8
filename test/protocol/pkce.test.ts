import { createHash } from "node:crypto";
import { expect } from "chai";
import { oauthErrorOf, type RawAnswer } from "../support/raw-request.js";
import { REDIRECT_URI, createTestClient, type TestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";
import { authorize, createUserAgent, type UserAgent } from "../support/user-agent.js";

const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE = createHash("sha256").update(VERIFIER).digest("base64url");
const S256 = { code_challenge: CHALLENGE, code_challenge_method: "S256" };

describe("PKCE (RFC 7636) and its downgrades (AC-08)", () => {
  let server: TestServer;
  let confidential: TestClient;
  let open: TestClient;
  /** Signed in once at each server. */
  const agents = new Map<TestServer, UserAgent>();
  before(async () => {
    server = await startTestServer();
    confidential = await createTestClient(server);
    open = await createTestClient(server, { token_endpoint_auth_method: "none" });
  });
  after(() => server.close());

  for (const kind of ["confidential", "public"] as const) {
    describe(`of a ${kind} client`, () => {
      let client: TestClient;
      before(() => {
        client = kind === "public" ? open : confidential;
      });

      it("lets the right verifier through", async () => {
        const answer = await exchange(client, {
          code: await codeFor(client, S256),
          verifier: VERIFIER,
        });
        expect(answer.status).to.equal(200);
      });

      it("gives no code without a challenge (RFC 9700 §2.1.1)", async () => {
        expect(await errorFor(client, {})).to.equal("invalid_request");
      });

      it("gives no code for the method plain, named or meant", async () => {
        const plain = { code_challenge: VERIFIER, code_challenge_method: "plain" };
        expect(await errorFor(client, plain)).to.equal("invalid_request");
        expect(await errorFor(client, { code_challenge: CHALLENGE })).to.equal("invalid_request");
      });

      it("gives no code for a challenge that is none", async () => {
        for (const challenge of ["", "short", "x".repeat(129), "ü".repeat(43)]) {
          const parameters = { ...S256, code_challenge: challenge };
          expect(await errorFor(client, parameters), challenge).to.equal("invalid_request");
        }
        expect(await errorFor(client, { code_challenge_method: "S256" })).to.equal(
          "invalid_request",
        );
      });

      it("gives no tokens without the verifier (§4.6)", async () => {
        await expectRefused(await exchange(client, { code: await codeFor(client, S256) }));
        await expectRefused(
          await exchange(client, { code: await codeFor(client, S256), verifier: "" }),
        );
      });

      it("gives no tokens for another verifier, nor for the challenge itself", async () => {
        for (const verifier of [
          "x".repeat(43),
          CHALLENGE,
          VERIFIER.toLowerCase(),
          `${VERIFIER} `,
        ]) {
          await expectRefused(
            await exchange(client, { code: await codeFor(client, S256), verifier }),
          );
        }
      });

      it("keeps the challenge that the request began with", async () => {
        const agent = createUserAgent(server.issuer);
        const page = await agent.open(authorizationUrl(client, S256));
        const other = createHash("sha256").update("another").digest("base64url");
        const fields = { identifier: server.username, password: server.password };
        let next = await agent.submit(
          page,
          { ...fields, code_challenge: other, code_challenge_method: "S256" },
          { action: /\/login$/ },
        );
        if (/name="decision"/.test(next.html)) {
          next = await agent.submit(
            next,
            { decision: "allow", code_challenge: other },
            { action: /\/consent$/ },
          );
        }
        const code = next.url.searchParams.get("code") ?? "";
        expect((await exchange(client, { code, verifier: VERIFIER })).status).to.equal(200);
      });
    });
  }

  describe("with PKCE_REQUIRED=public", () => {
    let relaxed: TestServer;
    before(async () => {
      relaxed = await startTestServer({ environment: { PKCE_REQUIRED: "public" } });
    });
    after(() => relaxed.close());

    it("lets confidential clients go without, and public ones not", async () => {
      const client = await createTestClient(relaxed);
      const code = await codeFor(client, {}, relaxed);
      expect((await exchange(client, { code, at: relaxed })).status).to.equal(200);
      const publicClient = await createTestClient(relaxed, { token_endpoint_auth_method: "none" });
      expect(await errorFor(publicClient, {}, relaxed)).to.equal("invalid_request");
    });

    it("refuses a verifier for a code that had no challenge (RFC 9700 §2.1.1, §4.8.2)", async () => {
      const client = await createTestClient(relaxed);
      const code = await codeFor(client, {}, relaxed);
      await expectRefused(await exchange(client, { code, verifier: VERIFIER, at: relaxed }));
    });

    it("still enforces a challenge that was given", async () => {
      const client = await createTestClient(relaxed);
      const code = await codeFor(client, S256, relaxed);
      await expectRefused(await exchange(client, { code, at: relaxed }));
    });
  });

  function authorizationUrl(
    client: TestClient,
    parameters: Record<string, string>,
    at: TestServer = server,
  ): URL {
    const url = new URL(`${at.issuer}/auth`);
    url.search = new URLSearchParams({
      client_id: client.clientId,
      response_type: "code",
      scope: "openid",
      redirect_uri: REDIRECT_URI,
      ...parameters,
    }).toString();
    return url;
  }

  async function errorFor(
    client: TestClient,
    parameters: Record<string, string>,
    at: TestServer = server,
  ): Promise<string | null> {
    const agent = createUserAgent(at.issuer);
    const { url } = await agent.open(authorizationUrl(client, parameters, at));
    return url.searchParams.get("error");
  }

  async function codeFor(
    client: TestClient,
    parameters: Record<string, string>,
    at: TestServer = server,
  ): Promise<string> {
    const url = authorizationUrl(client, parameters, at);
    const agent = agents.get(at) ?? createUserAgent(at.issuer);
    agents.set(at, agent);
    const callback = await authorize(agent, url, at);
    const code = callback.searchParams.get("code");
    if (code === null) throw new Error(`no code: ${callback.href}`);
    return code;
  }

  function exchange(
    client: TestClient,
    { code, verifier, at = server }: { code: string; verifier?: string; at?: TestServer },
  ): Promise<RawAnswer> {
    return postForm(
      `${at.issuer}/token`,
      {
        grant_type: "authorization_code",
        code,
        redirect_uri: REDIRECT_URI,
        ...(verifier === undefined ? {} : { code_verifier: verifier }),
        ...(client.clientSecret === undefined ? { client_id: client.clientId } : {}),
      },
      client.clientSecret === undefined ? {} : { client },
    );
  }

  async function expectRefused(answer: RawAnswer): Promise<void> {
    expect(answer.status).to.equal(400);
    expect(oauthErrorOf(answer)).to.be.oneOf(["invalid_grant", "invalid_request"]);
  }
});
