import { createHmac } from "node:crypto";
import { expect } from "chai";
import { SignJWT, exportJWK, type JWTPayload } from "jose";
import { LIBRARIES, connect } from "../support/relying-party-libraries.js";
import { createTestKey, type TestKey } from "../support/test-key.js";
import { REDIRECT_URI, createTestClient, type TestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { authorize, createUserAgent, type Page } from "../support/user-agent.js";

describe("signed request objects (JAR, RFC 9101)", () => {
  let server: TestServer;
  let key: TestKey;
  let client: TestClient;
  before(async () => {
    server = await startTestServer();
    key = await createTestKey();
    client = await createTestClient(server, { jwks: key.jwks });
  });
  after(() => server.close());

  for (const library of LIBRARIES) {
    it(`signs a person in with a signed request (§5.1, ${library.name})`, async () => {
      const rp = await library.connect(server, client);
      const attempt = await rp.begin({}, { signedWith: key });
      expect(attempt.url.searchParams.has("redirect_uri")).to.equal(false);
      const callback = await authorize(createUserAgent(server.issuer), attempt.url, server);
      expect((await rp.redeem(attempt, callback)).claims).to.include({ aud: client.clientId });
    });
  }

  it("believes the signed parameters and not those beside them (§6.3)", async () => {
    const rp = await connect(server, client);
    const { url, state } = await rp.begin({ scope: "openid" }, { signedWith: key });
    url.searchParams.set("redirect_uri", "https://evil.example/callback");
    url.searchParams.set("state", "forged");
    url.searchParams.set("scope", "openid email phone address");
    const callback = await authorize(createUserAgent(server.issuer), url, server);
    expect(callback.href.startsWith(REDIRECT_URI)).to.equal(true);
    expect(callback.searchParams.get("state")).to.equal(state);
  });

  it("demands a signed request of a client that registered so (§10.5)", async () => {
    const strict = await createTestClient(server, {
      jwks: key.jwks,
      require_signed_request_object: true,
    });
    const rp = await connect(server, strict);
    const plain = await createUserAgent(server.issuer).open((await rp.begin()).url);
    expect(plain.url.searchParams.get("error")).to.equal("invalid_request");
    const attempt = await rp.begin({}, { signedWith: key });
    const callback = await authorize(createUserAgent(server.issuer), attempt.url, server);
    expect(callback.searchParams.has("code")).to.equal(true);
  });

  describe("refuses (AC-29, RFC 8725 §3.1)", () => {
    it("an unsigned one (alg none), also with a signed header's kid", async () => {
      const none = `${encode({ alg: "none", kid: key.kid })}.${encode(payload())}.`;
      await expectRefusal(none);
    });

    it("one signed by HMAC with the client's public key or secret", async () => {
      const secrets = [JSON.stringify(key.publicJwk), client.clientSecret ?? "", server.issuer];
      for (const secret of secrets) {
        const signed = `${encode({ alg: "HS256", kid: key.kid })}.${encode(payload())}`;
        const mac = createHmac("sha256", secret).update(signed).digest("base64url");
        await expectRefusal(`${signed}.${mac}`);
      }
    });

    it("one signed with a key that only its own header names (jwk, jku, x5u)", async () => {
      const stranger = await createTestKey("stranger");
      const headers = [
        { jwk: stranger.publicJwk },
        { jku: "https://evil.example/jwks" },
        { x5u: "https://evil.example/cert" },
        { kid: "stranger" },
        { kid: "../../etc/passwd" },
        { kid: "' or 1=1 --" },
        { kid: "k".repeat(8000) },
      ];
      for (const header of headers) {
        await expectRefusal(
          await new SignJWT(payload())
            .setProtectedHeader({ alg: "ES256", ...header })
            .sign(stranger.key),
        );
      }
    });

    it("one without its signature, or with a changed payload", async () => {
      const [header, , signature] = (await sign(payload())).split(".");
      await expectRefusal(`${header}.${encode(payload())}.`);
      const changed = { ...payload(), scope: "openid email" };
      await expectRefusal(`${header}.${encode(changed)}.${signature}`);
    });

    it("one that has expired, is not yet valid, or is for or from somebody else (§6)", async () => {
      const now = Math.floor(Date.now() / 1000);
      const wrong = [
        { exp: now - 120 },
        { nbf: now + 120 },
        { aud: "https://another.example" },
        { iss: "another-client" },
        { client_id: "another-client" },
      ];
      for (const difference of wrong) {
        await expectRefusal(await sign({ ...payload(), ...difference }));
      }
    });

    it("one that nests another, and one that is no JWT", async () => {
      await expectRefusal(await sign({ ...payload(), request: "a.b.c" }));
      await expectRefusal(await sign({ ...payload(), request_uri: "https://evil.example/" }));
      await expectRefusal("garbage");
      await expectRefusal("a.b.c");
    });

    it("a private key in the client's registration", async () => {
      const jwk = { ...(await exportJWK(key.key)), kid: "private", use: "sig" };
      const refused = await createTestClient(server, { jwks: { keys: [jwk] } }).then(
        () => "created",
        () => "refused",
      );
      expect(refused).to.equal("refused");
    });
  });

  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

  function payload(): JWTPayload {
    const now = Math.floor(Date.now() / 1000);
    return {
      iss: client.clientId,
      client_id: client.clientId,
      aud: server.issuer,
      iat: now,
      exp: now + 60,
      response_type: "code",
      redirect_uri: REDIRECT_URI,
      scope: "openid",
      code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
      code_challenge_method: "S256",
    };
  }

  const sign = (claims: JWTPayload) =>
    new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid: key.kid }).sign(key.key);

  async function send(request: string): Promise<Page> {
    const url = new URL(`${server.issuer}/auth`);
    url.search = new URLSearchParams({ client_id: client.clientId, request }).toString();
    return createUserAgent(server.issuer).open(url);
  }

  /** The error may go to the client's registered address; there is no sign-in and no code. */
  async function expectRefusal(request: string): Promise<void> {
    const page = await send(request);
    const shown = page.status === 400 && /invalid_request/.test(page.html);
    const told = page.url.searchParams.get("error")?.startsWith("invalid_request") === true;
    expect(shown || told, `${request.slice(0, 200)}: ${page.status} ${page.url.href}`).to.equal(
      true,
    );
  }
});
