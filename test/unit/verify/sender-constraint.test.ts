import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes, randomUUID, X509Certificate } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT, type JWK } from "jose";
import {
  AccessTokenError,
  createAccessTokenVerifier,
  createDpopNonces,
  fetchRequestFacts,
  type AccessTokenVerifier,
  type RequestFacts,
} from "../../../src/verify/index.js";
import { mutate, signToken, type TokenSigner } from "../../support/bad-tokens.js";
import { startTestIssuer, type TestIssuer } from "../../support/test-issuer.js";

let issuer: TestIssuer;
let signer: TokenSigner;
let aheadSeconds = 0;
before(async () => {
  issuer = await startTestIssuer();
  signer = issuer.addKey("key-1");
});
beforeEach(() => {
  aheadSeconds = 0;
});
after(() => issuer.close());

const clock = { nowMs: () => Date.now() + aheadSeconds * 1000 };
const createVerifier = (options: object = {}) =>
  createAccessTokenVerifier({
    issuer: issuer.issuer,
    audience: issuer.audience,
    revocation: "none",
    clock,
    ...options,
  });

describe("access token verifier: DPoP (RFC 9449)", () => {
  let keys: CryptoKeyPair;
  let publicJwk: JWK;
  let token: string;
  before(async () => {
    keys = await generateKeyPair("ES256", { extractable: true });
    publicJwk = await exportJWK(keys.publicKey);
    token = boundToken({ jkt: await calculateJwkThumbprint(publicJwk) });
  });

  const boundToken = (cnf: object) => signToken(signer, { claims: { cnf } });
  const hashOf = (text: string) => createHash("sha256").update(text).digest("base64url");

  interface ProofChanges {
    readonly header?: object;
    readonly claims?: object;
    readonly key?: CryptoKey;
  }

  function prove({ header = {}, claims = {}, key = keys.privateKey }: ProofChanges = {}) {
    const whole = {
      htm: "GET",
      htu: "https://api.example.com/orders/1",
      jti: randomUUID(),
      iat: Math.floor(Date.now() / 1000),
      ath: hashOf(token),
      ...claims,
    };
    return new SignJWT(whole)
      .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk: publicJwk, ...header })
      .sign(key);
  }

  async function facts(changes: Partial<RequestFacts> & ProofChanges = {}): Promise<RequestFacts> {
    return {
      method: "GET",
      url: "/orders/1?page=2",
      authorization: [`DPoP ${token}`],
      dpop: [await prove(changes)],
      ...changes,
    };
  }

  async function refusalOf(verifier: AccessTokenVerifier, request: RequestFacts) {
    try {
      await verifier.verify(request);
    } catch (err) {
      const { problem } = err as { problem: string };
      const { status, headers } = verifier.refuse(err);
      return { problem, status, headers, challenges: [headers["WWW-Authenticate"] ?? []].flat() };
    }
    throw new assert.AssertionError({ message: "accepted" });
  }

  it("accepts a bound token with a proof of its key (§7.1)", async () => {
    const verified = await createVerifier().verify(await facts());
    assert.equal(verified.confirmation?.jkt, await calculateJwkThumbprint(publicJwk));
  });

  it("accepts it through a fetch Request", async () => {
    const request = new Request("http://10.0.0.1:8080/orders/1?page=2", {
      headers: { Authorization: `dpop ${token}`, DPoP: await prove() },
    });
    await createVerifier().verify(fetchRequestFacts(request));
  });

  it("does not take a bound token for a bearer token (§7.2)", async () => {
    const verifier = createVerifier();
    await assert.rejects(verifier.verify(token), { problem: "binding" });
    const request = await facts({ authorization: [`Bearer ${token}`] });
    const { status, challenges } = await refusalOf(verifier, request);
    assert.equal(status, 401);
    assert.match(challenges[0] ?? "", /^Bearer .*error="invalid_token"/);
    assert.match(challenges[1] ?? "", /^DPoP .*algs="ES256 EdDSA"/);
  });

  it("does not take a bearer token for a bound one", async () => {
    const request = await facts({ authorization: [`DPoP ${signToken(signer)}`] });
    const { problem, challenges } = await refusalOf(createVerifier(), request);
    assert.equal(problem, "binding");
    assert.match(challenges[1] ?? "", /^DPoP .*error="invalid_token".*algs="ES256 EdDSA"/);
  });

  it("does not take a token that is bound to another key", async () => {
    const other = boundToken({ jkt: hashOf("another") });
    const request = await facts({
      authorization: [`DPoP ${other}`],
      claims: { ath: hashOf(other) },
    });
    assert.equal((await refusalOf(createVerifier(), request)).problem, "binding");
  });

  const BAD: Record<string, ProofChanges | (() => Promise<ProofChanges>)> = {
    "of another type": { header: { typ: "JWT" } },
    "without a key": { header: { jwk: undefined } },
    "with the private key": async () => ({ header: { jwk: await exportJWK(keys.privateKey) } }),
    "with a symmetric key": { header: { jwk: { kty: "oct", k: "AAAA" } } },
    "with a key that is no key": { header: { jwk: { kty: "EC", crv: "P-256", x: "A", y: "A" } } },
    "with a key of another type": { header: { jwk: { kty: "OKP", crv: "Ed25519", x: "AAAA" } } },
    "signed by another key": async () => ({ key: (await generateKeyPair("ES256")).privateKey }),
    "signed by an algorithm that is not allowed": async () => {
      const other = await generateKeyPair("ES384", { extractable: true });
      const jwk = await exportJWK(other.publicKey);
      return { key: other.privateKey, header: { alg: "ES384", jwk } };
    },
    "for another method": { claims: { htm: "POST" } },
    "for the method in small letters": { claims: { htm: "get" } },
    "for another path": { claims: { htu: "https://api.example.com/orders/2" } },
    "for another host": { claims: { htu: "https://other.example.com/orders/1" } },
    "for another port": { claims: { htu: "https://api.example.com:8443/orders/1" } },
    "for http": { claims: { htu: "http://api.example.com/orders/1" } },
    "for no URL": { claims: { htu: "/orders/1" } },
    "for another token": { claims: { ath: createHash("sha256").update("x").digest("base64url") } },
    "for no token": { claims: { ath: undefined } },
    "of long ago": async () => ({ claims: { iat: Math.floor(Date.now() / 1000) - 90 } }),
    "from the future": async () => ({ claims: { iat: Math.floor(Date.now() / 1000) + 90 } }),
    "without a time": { claims: { iat: undefined } },
    "with a time that is no number": { claims: { iat: "0" } },
    "without an id": { claims: { jti: undefined } },
    "with an id of 1,000 characters": { claims: { jti: "x".repeat(1000) } },
    "of 10,000 characters": { claims: { filler: "x".repeat(10_000) } },
    "with an extension": { header: { crit: ["b64"], b64: true } },
  };
  for (const [what, changes] of Object.entries(BAD)) {
    it(`refuses a proof ${what} (§4.3)`, async () => {
      const proof = typeof changes === "function" ? await changes() : changes;
      const request = await facts(proof);
      const { problem, status, challenges } = await refusalOf(createVerifier(), request);
      assert.equal(problem, "proof");
      assert.equal(status, 401);
      assert.deepEqual(challenges.length, 1);
      assert.match(challenges[0] ?? "", /^DPoP .*error="invalid_dpop_proof".*algs="ES256 EdDSA"/);
    });
  }

  it("refuses none, two, and what is no proof (§4.3)", async () => {
    const proof = await prove();
    for (const dpop of [[], [proof, proof], [`${proof}, ${proof}`], [""], ["a.b.c"]]) {
      assert.equal((await refusalOf(createVerifier(), await facts({ dpop }))).problem, "proof");
    }
  });

  it("throws its own error and no other for 1,000 mutations of proof and header", async () => {
    const verifier = createVerifier();
    const proof = await prove();
    for (let seed = 0; seed < 1000; seed++) {
      const dpop = seed % 2 === 0 ? [mutate(proof, seed)] : [proof];
      const authorization = [seed % 2 === 0 ? `DPoP ${token}` : mutate(`DPoP ${token}`, seed)];
      const request = { method: "GET", url: "/orders/1", authorization, dpop };
      const outcome = await verifier.verify(request).catch((err: unknown) => err);
      if (outcome instanceof Error) assert.ok(outcome instanceof AccessTokenError, String(outcome));
    }
  });

  it("accepts the address in every form that means the same (§4.3, RFC 3986 §6.2)", async () => {
    for (const htu of [
      "HTTPS://API.example.com/orders/1",
      "https://api.example.com:443/orders/1",
      "https://api.example.com/orders/1?other=3#part",
      "https://api.example.com/%6Frders/x/../1",
    ]) {
      await createVerifier().verify(await facts({ claims: { htu } }));
    }
  });

  it("knows the API by its public address, and not by what the request says", async () => {
    const verifier = createVerifier({ dpop: { publicUrl: "https://example.com/api/" } });
    const htu = "https://example.com/api/orders/1";
    await verifier.verify(await facts({ claims: { htu } }));
    for (const url of ["//attacker.example/orders/1", "@attacker.example/orders/1", "*", ""]) {
      const request = await facts({ url, claims: { htu: "https://attacker.example/orders/1" } });
      assert.equal((await refusalOf(verifier, request)).problem, "proof");
    }
  });

  it("accepts a proof once, also of fifty at once, and until it is too old (§11.1)", async () => {
    const verifier = createVerifier();
    const request = await facts();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, () => verifier.verify(request)),
    );
    assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    assert.equal((await refusalOf(verifier, request)).problem, "proof_replayed");
    aheadSeconds = 69;
    assert.equal((await refusalOf(verifier, request)).problem, "proof_replayed");
    aheadSeconds = 81;
    assert.equal((await refusalOf(verifier, request)).problem, "proof");
  });

  it("does not take the id of another key's proof for a replay", async () => {
    const verifier = createVerifier();
    const other = await generateKeyPair("ES256", { extractable: true });
    const jwk = await exportJWK(other.publicKey);
    const otherToken = boundToken({ jkt: await calculateJwkThumbprint(jwk) });
    await verifier.verify(await facts({ claims: { jti: "same" } }));
    await verifier.verify(
      await facts({
        authorization: [`DPoP ${otherToken}`],
        key: other.privateKey,
        header: { jwk },
        claims: { jti: "same", ath: hashOf(otherToken) },
      }),
    );
  });

  it("uses up no proof for a token that is refused", async () => {
    const used: string[] = [];
    const replayStore = { useOnce: (id: string) => used.push(id) > 0 };
    const verifier = createVerifier({ dpop: { replayStore } });
    await refusalOf(verifier, await facts({ claims: { ath: "x" } }));
    assert.deepEqual(used, []);
  });

  it("answers 503 when proofs cannot be remembered: nothing counts twice", async () => {
    const replayStore = { useOnce: () => Promise.reject(new Error("down")) };
    const verifier = createVerifier({ dpop: { replayStore } });
    const { problem, status } = await refusalOf(verifier, await facts());
    assert.equal(problem, "replay_store_full");
    assert.equal(status, 503);
  });

  it("asks for a nonce, and for a new one when it has passed (§9)", async () => {
    const nonces = createDpopNonces({ secret: randomBytes(32), lifetimeSeconds: 30, clock });
    const verifier = createVerifier({ dpop: { nonces } });
    const { problem, challenges, headers } = await refusalOf(verifier, await facts());
    assert.equal(problem, "nonce");
    assert.match(challenges[0] ?? "", /^DPoP .*error="use_dpop_nonce"/);
    const nonce = headers["DPoP-Nonce"];
    assert.equal(typeof nonce, "string");
    await verifier.verify(await facts({ claims: { nonce } }));
    aheadSeconds = 61;
    const late = { nonce, iat: Math.floor(clock.nowMs() / 1000) };
    assert.equal((await refusalOf(verifier, await facts({ claims: late }))).problem, "nonce");
    const fresh = { ...late, nonce: nonces.current() };
    await verifier.verify(await facts({ claims: fresh }));
    assert.throws(() => createDpopNonces({ secret: randomBytes(31) }), TypeError);
  });

  it("is off where it is told so, or nobody knows the address", async () => {
    for (const verifier of [
      createVerifier({ dpop: false }),
      createVerifier({ audience: ["orders", issuer.audience] }),
    ]) {
      const { problem, challenges } = await refusalOf(verifier, await facts());
      assert.equal(problem, "binding");
      assert.ok(challenges.every((each) => each.startsWith("Bearer ")));
    }
    assert.throws(() => createVerifier({ audience: "orders", dpop: { nonces: {} } }), TypeError);
  });
});

describe("access token verifier: mutual TLS (RFC 8705)", () => {
  let pem: string;
  let other: string;
  let token: string;
  before(() => {
    [pem, other] = [makeCertificate("client"), makeCertificate("other")];
    const sha256 = createHash("sha256").update(new X509Certificate(pem).raw).digest("base64url");
    token = signToken(signer, { claims: { cnf: { "x5t#S256": sha256 } } });
  });

  const facts = (certificate?: RequestFacts["certificate"]): RequestFacts => ({
    method: "GET",
    url: "/",
    authorization: [`Bearer ${token}`],
    dpop: [],
    certificate,
  });

  it("accepts a token with its certificate, in every form", async () => {
    const certificate = new X509Certificate(pem);
    for (const form of [pem, certificate, certificate.raw]) {
      await createVerifier().verify(facts(form));
    }
  });

  it("refuses it without, with another, and with what is none", async () => {
    for (const form of [undefined, other, "garbage", Buffer.from("garbage")]) {
      await assert.rejects(createVerifier().verify(facts(form)), { problem: "binding" });
    }
    await assert.rejects(createVerifier().verify(token), { problem: "binding" });
  });
});

function makeCertificate(name: string): string {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const rest = ["-keyout", "/dev/null", "-subj", `/CN=${name}`, "-days", "1"];
  return execFileSync("openssl", ["req", "-x509", ...key, ...rest], { stdio: "pipe" }).toString();
}
