import { createHmac, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { expect } from "chai";
import { CompactEncrypt, CompactSign, decodeJwt, importJWK } from "jose";
import { systemClock } from "../../src/lib/clock.js";
import { openOwnSigningKey, type OwnSigningKey } from "../support/own-signing-key.js";
import { connect } from "../support/relying-party-libraries.js";
import { rawRequest } from "../support/raw-request.js";
import { signInWith } from "../support/sign-in-with.js";
import {
  API,
  createMachineClient,
  createTestApis,
  createTestClient,
  type TestClient,
} from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";

const SECRET_KEY = "a test secret of more than thirty-two characters";
const ORDER_P256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

const encode = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** Tokens that are none of ours, or not as we make them: each is inactive, revoked with 200, never a 5xx. */
describe("a JWT that is no access token of this server", () => {
  let server: TestServer;
  let client: TestClient;
  let key: OwnSigningKey;
  let good: string;
  let claims: Record<string, unknown>;
  before(async () => {
    server = await startTestServer();
    await createTestApis(server);
    client = await createMachineClient(server);
    key = await openOwnSigningKey(server, "ES256", SECRET_KEY);
    const machine = await connect(server, client);
    ({ access_token: good } = await machine.clientCredentials({
      resource: API,
      scope: "orders:read",
    }));
    claims = decodeJwt(good);
  });
  after(() => server.close());

  const introspect = (token: string) =>
    postForm(`${server.issuer}/token/introspect`, { token }, { client });

  async function expectDead(token: string): Promise<void> {
    const answer = await introspect(token);
    expect([answer.status, JSON.parse(answer.body)]).to.deep.equal([200, { active: false }]);
    const revoked = await postForm(`${server.issuer}/token/revoke`, { token }, { client });
    expect([revoked.status, revoked.body]).to.deep.equal([200, ""]);
    const api = await rawRequest(`${server.issuer}/protected-resource`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    // What is no bearer token at all is a bad request; Node itself refuses headers that are too long.
    expect(api.status).to.be.oneOf(token.length > 16_384 ? [431] : [400, 401]);
  }

  interface Parts {
    readonly header?: Record<string, unknown>;
    readonly payload?: Record<string, unknown> | string;
  }

  /** With the server's own key, so that nothing but what is changed is wrong. */
  function signed({ header = {}, payload = {} }: Parts, own: OwnSigningKey = key): Promise<string> {
    const body =
      typeof payload === "string"
        ? payload
        : JSON.stringify({ ...claims, jti: crypto.randomUUID(), ...payload });
    return new CompactSign(Buffer.from(body))
      .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: own.kid, ...header })
      .sign(own.privateKey, { crit: { b64: true } });
  }

  it("would be taken if nothing were wrong with it", async () => {
    for (const token of [good, await signed({})]) {
      expect(JSON.parse((await introspect(token)).body)).to.include({ active: true, aud: API });
    }
  });

  const hour = () => systemClock.nowSeconds() + 3600;
  const FORGED: Record<string, () => Promise<string> | string> = {
    "alg none, without a signature": () =>
      `${encode({ alg: "none", typ: "at+jwt" })}.${good.split(".")[1]}.`,
    "alg none, naming the key": () =>
      `${encode({ alg: "none", typ: "at+jwt", kid: key.kid })}.${encode(claims)}.`,
    "HS256 signed with the public key as PEM": () =>
      hmacSigned(
        createPublicKey({ key: key.publicJwk, format: "jwk" }).export({
          type: "spki",
          format: "pem",
        }),
      ),
    "HS256 signed with the public key as JWK": () => hmacSigned(JSON.stringify(key.publicJwk)),
    "another algorithm than that of the key": () =>
      signed({ header: { alg: "ES256", kid: "other" } }),
    "a key of somebody else under our kid": () => {
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const input = `${good.split(".")[0]}.${good.split(".")[1]}`;
      const signature = sign("sha256", Buffer.from(input), {
        key: privateKey,
        dsaEncoding: "ieee-p1363",
      });
      return `${input}.${signature.toString("base64url")}`;
    },
    "typ JWT": () => signed({ header: { typ: "JWT" } }),
    "typ of a logout token": () => signed({ header: { typ: "logout+jwt" } }),
    "typ of an introspection answer": () => signed({ header: { typ: "token-introspection+jwt" } }),
    "no typ": () => signed({ header: { typ: undefined } }),
    "no kid": () => signed({ header: { kid: undefined } }),
    "a kid that is a path": () => signed({ header: { kid: "../../../../dev/null" } }),
    "a kid that is SQL": () => signed({ header: { kid: "' or 1=1; --" } }),
    "a kid that is a member of every object": () => signed({ header: { kid: "__proto__" } }),
    "a kid of 10 kB": () => signed({ header: { kid: "k".repeat(10_000) } }),
    "a kid with NUL": () => signed({ header: { kid: `${key.kid}\0` } }),
    "another issuer": () => signed({ payload: { iss: "https://other.example.com" } }),
    "our issuer with a slash more": () => signed({ payload: { iss: `${server.issuer}/` } }),
    "an audience that nobody registered": () =>
      signed({ payload: { aud: "https://other.example.com" } }),
    "our API as one audience of two": () =>
      signed({ payload: { aud: [API, "https://b.example.com"] } }),
    "no audience": () => signed({ payload: { aud: undefined } }),
    "an exp that is past": () => signed({ payload: { exp: systemClock.nowSeconds() - 1 } }),
    "an exp that is no number": () => signed({ payload: { exp: String(hour()) } }),
    "no exp": () => signed({ payload: { exp: undefined } }),
    "an nbf to come": () => signed({ payload: { nbf: hour() } }),
    "an nbf that is no number": () => signed({ payload: { nbf: "0" } }),
    "no jti": () => signed({ payload: { jti: undefined } }),
    "no subject": () => signed({ payload: { sub: undefined } }),
    "a client that is not there": () => signed({ payload: { client_id: "nobody" } }),
    "an account that is not there": () => signed({ payload: { sub: "acct_nobody" } }),
    "a grant that is not there": () => signed({ payload: { grant_id: "g".repeat(50) } }),
    truncated: () => good.slice(0, -10),
    "without its signature": () => good.split(".").slice(0, 2).join("."),
    "with a fourth part": () => `${good}.e30`,
    "a claim that is there twice, the last one good": () =>
      signed({
        payload: JSON.stringify(claims).replace("{", '{"aud":"https://other.example.com",'),
      }),
    "a claim that is there twice, the first one good": () =>
      signed({ payload: JSON.stringify(claims).replace(/}$/, `,"aud":"${API}"}`) }),
    "a payload that is no object": () => signed({ payload: "[]" }),
    "a payload that is not JSON": () => signed({ payload: "{" }),
    "a payload with a byte order mark": () =>
      signed({ payload: `\uFEFF${JSON.stringify(claims)}` }),
    crit: () => signed({ header: { b64: true, crit: ["b64"] } }),
    jku: () => signed({ header: { jku: "https://attacker.example.com/jwks" } }),
    x5u: () => signed({ header: { x5u: "https://attacker.example.com/cert" } }),
    x5c: () => signed({ header: { x5c: ["MIIB"] } }),
    "a jwk of its own": () => signed({ header: { jwk: key.publicJwk } }),
    "b64 false": () =>
      `${encode({ alg: "ES256", typ: "at+jwt", kid: key.kid, b64: false, crit: ["b64"] })}.${JSON.stringify(claims).replaceAll(".", "")}.${good.split(".")[2]}`,
    encrypted: async () =>
      new CompactEncrypt(Buffer.from(good))
        .setProtectedHeader({ alg: "ECDH-ES", enc: "A128GCM", typ: "at+jwt", kid: key.kid })
        .encrypt(await importJWK({ ...key.publicJwk, kty: "EC" }, "ECDH-ES")),
    "40 kB": () => signed({ payload: { padding: "p".repeat(30_000) } }),
  };

  for (const [what, make] of Object.entries(FORGED)) {
    it(`is refused: ${what}`, async () => expectDead(await make()));
  }

  it("of 100 kB is refused by its size, and not with a 5xx", async () => {
    const token = `${good.split(".")[0]}.${"A".repeat(100_000)}.${good.split(".")[2]}`;
    expect((await introspect(token)).status).to.be.within(400, 499);
  });

  const hmacSigned = (secret: string | Buffer) => {
    const input = `${encode({ alg: "HS256", typ: "at+jwt", kid: key.kid })}.${encode(claims)}`;
    return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
  };

  it("is an ID token, a client assertion or a signed answer: refused", async () => {
    const application = await createTestClient(server, {
      id_token_signed_response_alg: "ES256",
      introspection_signed_response_alg: "ES256",
      authorization_signed_response_alg: "ES256",
    });
    const rp = await connect(server, application);
    const { tokens } = await signInWith(server, rp);
    await expectDead(tokens.id_token ?? "");
    const answer = await postForm(
      `${server.issuer}/token/introspect`,
      { token: tokens.access_token },
      { client: application, headers: { Accept: "application/token-introspection+jwt" } },
    );
    await expectDead(answer.body);
  });

  it("is one of ours that was written anew, once it is revoked: still revoked", async () => {
    const machine = await connect(server, client);
    const { access_token: token } = await machine.clientCredentials({ resource: API });
    const variants = [token, withOtherHalf(token), withSpareBits(token), `${token}=`, `${token} `];
    expect(JSON.parse((await introspect(withOtherHalf(token))).body)).to.include({ active: true });
    await machine.revoke(token);
    for (const variant of variants) await expectDead(variant);
  });

  /** (r, s) and (r, n - s) are both signatures of one message. */
  function withOtherHalf(token: string): string {
    const [header, payload, signature = ""] = token.split(".");
    const bytes = Buffer.from(signature, "base64url");
    const s = BigInt(`0x${bytes.subarray(32).toString("hex")}`);
    const other = (ORDER_P256 - s).toString(16).padStart(64, "0");
    const half = Buffer.concat([bytes.subarray(0, 32), Buffer.from(other, "hex")]);
    return `${header}.${payload}.${half.toString("base64url")}`;
  }

  /** The last character of 64 bytes has four bits that no byte needs. */
  function withSpareBits(token: string): string {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const last = alphabet.indexOf(token.at(-1) ?? "");
    return token.slice(0, -1) + alphabet.charAt(last | 1);
  }
});
