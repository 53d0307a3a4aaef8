import assert from "node:assert/strict";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import Koa from "koa";
import {
  createAccessTokenVerifier,
  protectExpress,
  protectFetch,
  protectKoa,
  protectNode,
  type AccessTokenVerifier,
  type Requirements,
} from "../../../src/verify/index.js";
import { signToken, type TokenSigner } from "../../support/bad-tokens.js";
import { rawRequest, type RawAnswer } from "../../support/raw-request.js";
import { startTestIssuer, type TestIssuer } from "../../support/test-issuer.js";

/** The same API in every framework; answers with the subject. */
const FRAMEWORKS: Record<
  string,
  (verifier: AccessTokenVerifier, requirements: Requirements) => RequestListener
> = {
  Koa: (verifier, requirements) => {
    const koa = new Koa();
    koa.use(protectKoa(verifier, requirements));
    koa.use((ctx) => {
      ctx.body = ctx.state["accessToken"].subject;
    });
    const answer = koa.callback();
    return (request, response) => void answer(request, response);
  },
  "plain Node": (verifier, requirements) => {
    const handle = protectNode(verifier, requirements, (_request, response, token) =>
      response.end(token.subject),
    );
    return (request, response) => void handle(request, response);
  },
  Express: (verifier, requirements) => {
    const middleware = protectExpress(verifier, requirements);
    return (request, response) =>
      void middleware(request, response, (err) => {
        if (err !== undefined) response.writeHead(500).end();
        else
          response.end(
            (request as unknown as { accessToken: { subject: string } }).accessToken.subject,
          );
      });
  },
  fetch: (verifier, requirements) => async (request, response) => {
    const headers = new Headers();
    for (const [name, values = []] of Object.entries(request.headersDistinct)) {
      for (const value of values) headers.append(name, value);
    }
    const asked = new Request(`http://api.example.com${request.url}`, { headers });
    const outcome = await protectFetch(verifier, asked, requirements);
    if (!(outcome instanceof Response)) return response.end(outcome.subject);
    response.writeHead(outcome.status, [...outcome.headers].flat());
    return response.end(await outcome.text());
  },
};

for (const [framework, create] of Object.entries(FRAMEWORKS)) {
  describe(`access token verifier: challenges in ${framework}`, () => {
    let issuer: TestIssuer;
    let signer: TokenSigner;
    const servers: Server[] = [];
    before(async () => {
      issuer = await startTestIssuer();
      signer = issuer.addKey("key-1");
    });
    afterEach(() => {
      for (const server of servers.splice(0)) server.close();
    });
    after(() => issuer.close());

    async function ask(
      authorization: string | string[] | undefined,
      { requirements = {}, path = "/orders", options = {} } = {},
    ): Promise<RawAnswer> {
      const verifier = createAccessTokenVerifier({
        issuer: issuer.issuer,
        audience: issuer.audience,
        revocation: "none",
        realm: "orders",
        ...options,
      });
      const server = createServer(create(verifier, requirements));
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      return rawRequest(`http://127.0.0.1:${port}${path}`, {
        headers: authorization === undefined ? {} : { Authorization: authorization },
      });
    }

    it("lets a good token through, in whatever case the scheme is written", async () => {
      for (const scheme of ["Bearer", "bearer", "BEARER"]) {
        const answer = await ask(`${scheme} ${signToken(signer)}`);
        assert.equal(answer.status, 200, answer.body);
        assert.equal(answer.body, "account-1");
      }
    });

    it("names no error to a request without a token (RFC 6750 §3.1)", async () => {
      for (const authorization of [undefined, "Basic YTpi", "Negotiate abc"]) {
        const answer = await ask(authorization, { requirements: { scopes: ["orders:read"] } });
        assert.equal(answer.status, 401);
        assert.equal(
          answer.headers["www-authenticate"],
          'Bearer realm="orders", scope="orders:read", DPoP realm="orders", scope="orders:read", algs="ES256 EdDSA"',
        );
      }
    });

    it("looks for the token nowhere but in the header (RFC 9700 §4.3.2)", async () => {
      const answer = await ask(undefined, { path: `/orders?access_token=${signToken(signer)}` });
      assert.equal(answer.status, 401);
    });

    it("refuses two tokens or half a one with 400 invalid_request (RFC 6750 §3.1)", async () => {
      const good = `Bearer ${signToken(signer)}`;
      for (const authorization of [
        [good, good],
        [good, "Basic YTpi"],
        `${good}, ${good}`,
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer ä",
      ]) {
        const answer = await ask(authorization);
        assert.equal(answer.status, 400, JSON.stringify(authorization));
        assert.match(String(answer.headers["www-authenticate"]), /error="invalid_request"/);
      }
    });

    it("refuses a bad token with 401 invalid_token", async () => {
      const answer = await ask(`Bearer ${signToken(signer, { claims: { exp: 1 } })}`);
      assert.equal(answer.status, 401);
      assert.equal(
        answer.headers["www-authenticate"],
        'Bearer realm="orders", error="invalid_token", error_description="the access token has expired"',
      );
      assert.equal(JSON.parse(answer.body).error, "invalid_token");
    });

    it("says which scopes are missing, with 403 (RFC 6750 §3.1)", async () => {
      const requirements = { scopes: ["orders:read", "orders:write"] };
      const answer = await ask(`Bearer ${signToken(signer)}`, { requirements });
      assert.equal(answer.status, 403);
      assert.match(
        String(answer.headers["www-authenticate"]),
        /error="insufficient_scope", .*scope="orders:read orders:write"/,
      );
    });

    it("asks for a stronger sign-in (RFC 9470 §3)", async () => {
      const requirements = { acrValues: ["urn:strong", "urn:stronger"] };
      for (const claims of [{}, { acr: "urn:weak" }]) {
        const answer = await ask(`Bearer ${signToken(signer, { claims })}`, { requirements });
        assert.equal(answer.status, 401);
        assert.match(
          String(answer.headers["www-authenticate"]),
          /error="insufficient_user_authentication", .*acr_values="urn:strong urn:stronger"/,
        );
      }
      const strong = signToken(signer, { claims: { acr: "urn:stronger" } });
      assert.equal((await ask(`Bearer ${strong}`, { requirements })).status, 200);
    });

    it("asks for a more recent sign-in (RFC 9470 §3)", async () => {
      const nowSeconds = Math.floor(Date.now() / 1000);
      const requirements = { maxAgeSeconds: 60 };
      for (const claims of [{}, { auth_time: nowSeconds - 100 }]) {
        const answer = await ask(`Bearer ${signToken(signer, { claims })}`, { requirements });
        assert.equal(answer.status, 401);
        assert.match(
          String(answer.headers["www-authenticate"]),
          /error="insufficient_user_authentication", .*max_age="60"/,
        );
      }
      const recent = signToken(signer, { claims: { auth_time: nowSeconds - 30 } });
      assert.equal((await ask(`Bearer ${recent}`, { requirements })).status, 200);
    });

    it("tells where its metadata are (RFC 9728 §5.1)", async () => {
      const resourceMetadataUrl = "https://api.example.com/.well-known/oauth-protected-resource";
      const answer = await ask(undefined, { options: { resourceMetadataUrl, dpop: false } });
      assert.equal(
        answer.headers["www-authenticate"],
        `Bearer realm="orders", resource_metadata="${resourceMetadataUrl}"`,
      );
    });

    it("answers 503 with Retry-After when it cannot know", async () => {
      const options = { jwksUri: `${issuer.issuer}/nothing` };
      const answer = await ask(`Bearer ${signToken(signer)}`, { options });
      assert.equal(answer.status, 503);
      assert.equal(answer.headers["retry-after"], "5");
      assert.equal(answer.headers["www-authenticate"], undefined);
    });
  });
}
