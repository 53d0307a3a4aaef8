import { expect } from "chai";
import {
  exportJWK,
  generateKeyPair,
  SignJWT,
  UnsecuredJWT,
  type CryptoKey,
  type JWTPayload,
} from "jose";
import {
  parseKeySet,
  verifyIdToken,
  type IdTokenExpectation,
} from "../../../src/tokens/verify-id-token.js";

const NOW_SECONDS = 1_700_000_000;
const CLAIMS = {
  iss: "https://id.example",
  sub: "person",
  aud: "notes",
  nonce: "n",
  iat: NOW_SECONDS,
  exp: NOW_SECONDS + 3600,
};

describe("verifyIdToken (OpenID Connect Core §3.1.3.7)", () => {
  let expectation: IdTokenExpectation;
  let privateKey: CryptoKey;

  before(async () => {
    const pair = await generateKeyPair("RS256", { extractable: true });
    privateKey = pair.privateKey;
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: "k1", alg: "RS256", kty: "RSA" };
    expectation = {
      issuer: CLAIMS.iss,
      clientId: CLAIMS.aud,
      nonce: CLAIMS.nonce,
      earlierSubject: undefined,
      algorithm: "RS256",
      keys: { keys: [jwk] },
      nowMs: NOW_SECONDS * 1000,
    };
  });

  function sign(claims: JWTPayload, header: { alg?: string; kid?: string } = {}): Promise<string> {
    return new SignJWT(claims)
      .setProtectedHeader({ alg: "RS256", kid: "k1", ...header })
      .sign(privateKey);
  }

  it("tells the claims and the subject of a token that holds", async () => {
    const verdict = await verifyIdToken(await sign(CLAIMS), expectation);
    expect(verdict).to.deep.equal({ verified: true, claims: CLAIMS, subject: "person" });
  });

  const BAD_CLAIMS: Record<string, { claims: Record<string, unknown>; problem: RegExp }> = {
    "another issuer": { claims: { iss: "https://evil.example" }, problem: /claim iss/ },
    "another audience": { claims: { aud: "other" }, problem: /claim aud/ },
    "another nonce": { claims: { nonce: "other" }, problem: /claim nonce/ },
    "no nonce": { claims: { nonce: undefined }, problem: /claim nonce/ },
    "another authorized party": { claims: { azp: "other" }, problem: /claim azp/ },
    "no subject": { claims: { sub: undefined }, problem: /claim sub/ },
    "no expiry": { claims: { exp: undefined }, problem: /claim exp/ },
    "an expiry now": { claims: { exp: NOW_SECONDS }, problem: /expired/ },
  };
  for (const [what, { claims, problem }] of Object.entries(BAD_CLAIMS)) {
    it(`refuses ${what}`, async () => {
      const verdict = await verifyIdToken(await sign({ ...CLAIMS, ...claims }), expectation);
      expect(verdict).to.have.property("verified", false);
      expect(verdict).to.have.property("problem").that.matches(problem);
    });
  }

  it("refuses a changed payload, an unknown key, another algorithm, and what is not signed", async () => {
    const token = await sign(CLAIMS);
    const [header, , signature] = token.split(".");
    const changed = Buffer.from(JSON.stringify({ ...CLAIMS, sub: "other" })).toString("base64url");
    const { privateKey: ecKey } = await generateKeyPair("ES256");
    const ec = await new SignJWT(CLAIMS)
      .setProtectedHeader({ alg: "ES256", kid: "k1" })
      .sign(ecKey);
    const bad: [token: string, problem: RegExp][] = [
      [`${header}.${changed}.${signature}`, /signature does not fit/],
      [await sign(CLAIMS, { kid: "k2" }), /not among the keys/],
      [ec, /did not register/],
      [new UnsecuredJWT(CLAIMS).encode(), /did not register|not a signed JWT/],
      ["opaque", /not a signed JWT/],
    ];
    for (const [each, problem] of bad) {
      const verdict = await verifyIdToken(each, expectation);
      expect(verdict).to.have.property("problem").that.matches(problem);
    }
  });

  it("wants the same person after a refresh, and the same nonce or none (§12.2)", async () => {
    const refreshed = { ...expectation, earlierSubject: "person" };
    const verify = async (claims: JWTPayload) => {
      const verdict = await verifyIdToken(await sign({ ...CLAIMS, ...claims }), refreshed);
      return verdict.verified;
    };
    expect(await verify({})).to.equal(true);
    expect(await verify({ nonce: undefined })).to.equal(true);
    expect(await verify({ nonce: "other" })).to.equal(false);
    expect(await verify({ sub: "other" })).to.equal(false);
  });
});

describe("parseKeySet (RFC 7517 §5)", () => {
  it("keeps the keys that can verify a signature", async () => {
    const rsa = await exportJWK((await generateKeyPair("RS256")).publicKey);
    const ed = await exportJWK((await generateKeyPair("EdDSA")).publicKey);
    const short = { kty: "RSA", n: "AQAB", e: "AQAB" };
    const useless = [null, "key", {}, { kty: "RSA" }, { kty: "oct", k: "AQAB" }, { kty: 1 }, short];
    expect(parseKeySet({ keys: [rsa, ...useless, ed] })).to.deep.equal({ keys: [rsa, ed] });
  });

  it("finds none in what is not a key set", () => {
    for (const value of [undefined, null, "x", {}, { keys: {} }, { keys: [] }, { keys: [{}] }]) {
      expect(parseKeySet(value)).to.equal(undefined);
    }
  });
});
