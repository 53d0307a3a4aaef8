import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { createAccessTokenVerifier } from "../../../src/verify/index.js";
import { signToken, type TokenSigner } from "../../support/bad-tokens.js";
import { eventually } from "../../support/eventually.js";
import { startTestIssuer, type TestIssuer } from "../../support/test-issuer.js";

describe("access token verifier: keys", () => {
  let issuer: TestIssuer;
  let aheadSeconds: number;
  beforeEach(async () => {
    issuer = await startTestIssuer();
    aheadSeconds = 0;
  });
  afterEach(() => issuer.close());

  const clock = { nowMs: () => Date.now() + aheadSeconds * 1000 };
  const createVerifier = (options: object = {}) =>
    createAccessTokenVerifier({
      issuer: issuer.issuer,
      audience: issuer.audience,
      revocation: "none",
      clock,
      ...options,
    });
  /** Valid for days, so that only the keys grow old. */
  const lasting = (signer: TokenSigner, claims = {}) =>
    signToken(signer, { claims: { exp: Math.floor(Date.now() / 1000) + 1_000_000, ...claims } });
  const fetches = () => issuer.requests.filter((each) => each === "GET /jwks").length;

  it("are fetched once for all who ask at first (cold)", async () => {
    const signer = issuer.addKey("key-1");
    const verifier = createVerifier();
    await Promise.all(Array.from({ length: 50 }, () => verifier.verify(lasting(signer))));
    assert.equal(fetches(), 1);
    assert.equal(issuer.requests.length, 2, "discovery and JWKS");
  });

  it("that appear are found at the first token that names one, in one fetch for all (warm)", async () => {
    const old = issuer.addKey("key-1");
    const verifier = createVerifier();
    await verifier.verify(lasting(old));
    const next = issuer.addKey("key-2");
    aheadSeconds = 6;
    await Promise.all(Array.from({ length: 50 }, () => verifier.verify(lasting(next))));
    await verifier.verify(lasting(old));
    assert.equal(fetches(), 2);
  });

  it("with made-up ids cost one fetch in 5 s, however many there are", async () => {
    const signer = issuer.addKey("key-1");
    const verifier = createVerifier();
    await verifier.verify(lasting(signer));
    for (const seconds of [6, 7, 8, 9, 10]) {
      aheadSeconds = seconds;
      await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          assert.rejects(verifier.verify(lasting({ ...signer, kid: `made-up-${index}` })), {
            problem: "unknown_key",
          }),
        ),
      );
    }
    assert.equal(fetches(), 2);
  });

  it("of another issuer's tokens are not looked for", async () => {
    const signer = issuer.addKey("key-1");
    const token = lasting({ ...signer, kid: "key-2" }, { iss: "https://other.example" });
    await assert.rejects(createVerifier().verify(token), { problem: "issuer" });
    assert.deepEqual(issuer.requests, []);
  });

  it("that left the JWKS are gone when its max-age is over (RFC 9111 §4.2)", async () => {
    const dropped = issuer.addKey("key-1");
    const kept = issuer.addKey("key-2");
    issuer.cacheControl = "public, max-age=100";
    const verifier = createVerifier();
    const token = lasting(dropped);
    await verifier.verify(token);
    issuer.keys.shift();
    aheadSeconds = 79;
    await verifier.verify(token);
    aheadSeconds = 101;
    await assert.rejects(verifier.verify(token), { problem: "unknown_key" });
    await verifier.verify(lasting(kept));
  });

  it("are fetched anew in the background before their time ends", async () => {
    const signer = issuer.addKey("key-1");
    issuer.cacheControl = "max-age=100";
    const verifier = createVerifier();
    await verifier.verify(lasting(signer));
    issuer.addKey("key-2");
    aheadSeconds = 90;
    await verifier.verify(lasting(signer));
    await eventually("a second fetch", () => fetches() === 2);
    aheadSeconds = 150;
    await verifier.verify(lasting(signer));
    assert.equal(fetches(), 2);
  });

  it("are kept no longer and no shorter than the bounds, whatever the server says", async () => {
    const signer = issuer.addKey("key-1");
    const verifier = createVerifier({ jwksCache: { minSeconds: 60, maxSeconds: 120 } });
    issuer.cacheControl = "no-store";
    await verifier.verify(lasting(signer));
    aheadSeconds = 40;
    await verifier.verify(lasting(signer));
    assert.equal(fetches(), 1);
    issuer.cacheControl = "max-age=99999999";
    aheadSeconds = 61;
    await verifier.verify(lasting(signer));
    assert.equal(fetches(), 2);
    aheadSeconds = 61 + 121;
    await verifier.verify(lasting(signer));
    assert.equal(fetches(), 3);
  });

  it("outlive an outage of the server for an hour, and not longer", async () => {
    const signer = issuer.addKey("key-1");
    issuer.cacheControl = "max-age=100";
    const verifier = createVerifier();
    await verifier.verify(lasting(signer));
    issuer.failing = true;
    aheadSeconds = 100 + 3599;
    await verifier.verify(lasting(signer));
    aheadSeconds = 100 + 3601;
    await assert.rejects(verifier.verify(lasting(signer)), {
      problem: "keys_unavailable",
      status: 503,
    });
    issuer.failing = false;
    aheadSeconds += 6;
    await verifier.verify(lasting(signer));
  });

  it("that were never there are asked for once in 5 s while the server fails", async () => {
    const signer = issuer.addKey("key-1");
    issuer.failing = true;
    const verifier = createVerifier({ jwksUri: `${issuer.issuer}/jwks` });
    for (let round = 0; round < 10; round++) {
      await assert.rejects(verifier.verify(lasting(signer)), { problem: "keys_unavailable" });
    }
    assert.equal(fetches(), 1);
    issuer.failing = false;
    aheadSeconds = 6;
    await verifier.verify(lasting(signer));
  });

  it("that are private, symmetric or malformed verify nothing and harm no other", async () => {
    const signer = issuer.addKey("key-1");
    const secret = Buffer.from("secret").toString("base64url");
    issuer.keys.push(
      { kty: "oct", k: secret, kid: "oct" },
      { ...signer.privateKey.export({ format: "jwk" }), kid: "private" },
      { kty: "EC", crv: "P-256", x: "AA", y: "AA", kid: "off-curve" },
      { kid: "nothing" },
    );
    const verifier = createVerifier();
    await verifier.verify(lasting(signer));
    for (const kid of ["oct", "private", "off-curve", "nothing"]) {
      await assert.rejects(verifier.verify(lasting({ ...signer, kid })), {
        problem: "unknown_key",
      });
    }
  });

  it("of one id that are two verify nothing", async () => {
    const signer = issuer.addKey("key-1");
    issuer.addKey("key-1");
    await assert.rejects(createVerifier().verify(lasting(signer)), { problem: "unknown_key" });
  });

  const UNUSABLE: Record<string, (response: ServerResponse) => void> = {
    "no JSON": (response) => response.end("<html>"),
    "no keys": (response) => response.end("{}"),
    endless: (response) => response.end("x".repeat(3_000_000)),
    "a redirect": (response) => response.writeHead(302, { Location: "/elsewhere" }).end(),
    "an error": (response) => response.writeHead(404).end(),
    silence: () => {},
    "half an answer": (response) => {
      response.writeHead(200, { "Content-Length": "1000" }).write("{");
      setTimeout(() => response.destroy(), 20);
    },
  };
  for (const [what, answer] of Object.entries(UNUSABLE)) {
    it(`are unavailable (503) when the JWKS is ${what}`, async () => {
      const signer = issuer.addKey("key-1");
      issuer.answers.set("/jwks", (_request, response) => answer(response));
      await assert.rejects(createVerifier({ timeoutMs: 200 }).verify(lasting(signer)), {
        problem: "keys_unavailable",
        status: 503,
      });
    });
  }

  it("that verified a token are asked of it no more, but its times are", async () => {
    const signer = issuer.addKey("key-1");
    const verifier = createVerifier();
    const token = signToken(signer);
    const first = await verifier.verify(token);
    (first.scopes as Set<string>).add("admin");
    assert.throws(() => Object.assign(first.claims, { sub: "admin" }), TypeError);
    const again = await verifier.verify(token);
    assert.deepEqual([...again.scopes], ["orders:read", "profile"]);
    aheadSeconds = 700;
    await assert.rejects(verifier.verify(token), { problem: "expired" });
  });

  it("given by the caller are asked for at every use", async () => {
    const first = issuer.addKey("key-1");
    let keys: object[] = [...issuer.keys];
    const verifier = createVerifier({ keys: () => keys });
    const token = lasting(first);
    await verifier.verify(token);
    keys = [];
    await assert.rejects(verifier.verify(token), { problem: "unknown_key" });
    assert.deepEqual(issuer.requests, []);
  });
});

describe("access token verifier: discovery", () => {
  const create = (issuer: TestIssuer) =>
    createAccessTokenVerifier({
      issuer: issuer.issuer,
      audience: issuer.audience,
      revocation: "none",
    });

  it("finds an issuer with a path (RFC 8414 §3.1)", async () => {
    const issuer = await startTestIssuer("/tenant");
    try {
      await create(issuer).verify(signToken(issuer.addKey("key-1")));
      assert.equal(issuer.requests[0], "GET /.well-known/oauth-authorization-server/tenant");
    } finally {
      await issuer.close();
    }
  });

  it("falls back to OpenID Connect Discovery §4", async () => {
    const issuer = await startTestIssuer("/tenant");
    issuer.answers.set("/.well-known/oauth-authorization-server/tenant", (_, response) =>
      response.writeHead(404).end(),
    );
    issuer.answers.set("/tenant/.well-known/openid-configuration", (_, response) =>
      response.end(JSON.stringify(issuer.metadata)),
    );
    try {
      await create(issuer).verify(signToken(issuer.addKey("key-1")));
    } finally {
      await issuer.close();
    }
  });

  it("believes no metadata of another issuer (RFC 8414 §3.3)", async () => {
    const issuer = await startTestIssuer();
    issuer.metadata = { ...issuer.metadata, issuer: `${issuer.issuer}/` };
    try {
      const token = signToken(issuer.addKey("key-1"));
      await assert.rejects(create(issuer).verify(token), { problem: "keys_unavailable" });
    } finally {
      await issuer.close();
    }
  });

  it("starts only with options that can work", () => {
    const good = { issuer: "https://id.example", audience: "api", revocation: "none" } as const;
    const bad = [
      { issuer: "id.example" },
      { issuer: "http://id.example" },
      { issuer: "http://localhost.attacker.example" },
      { audience: [] },
      { audience: "" },
      { algorithms: ["HS256"] },
      { algorithms: ["none"] },
      { algorithms: [] },
      { clockToleranceSeconds: 61 },
      { clockToleranceSeconds: -1 },
      { clockToleranceSeconds: Number.NaN },
      { realm: 'a "realm"' },
      { jwksUri: "http://id.example/jwks" },
      { revocation: undefined },
    ];
    for (const change of bad) {
      assert.throws(
        () => createAccessTokenVerifier({ ...good, ...change } as never),
        Error,
        JSON.stringify(change),
      );
    }
    createAccessTokenVerifier(good);
    createAccessTokenVerifier({ ...good, issuer: "http://localhost:8000" });
    createAccessTokenVerifier({ ...good, issuer: "http://id.internal", allowHttp: true });
  });
});
