import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { text } from "node:stream/consumers";
import { deflateSync } from "node:zlib";
import { createLocalJWKSet, jwtVerify } from "jose";
import { createAccessTokenVerifier, type RevocationOptions } from "../../../src/verify/index.js";
import { malleate, signToken, type TokenSigner } from "../../support/bad-tokens.js";
import { startTestIssuer, type TestIssuer } from "../../support/test-issuer.js";

let issuer: TestIssuer;
let signer: TokenSigner;
let aheadSeconds: number;

const clock = { nowMs: () => Date.now() + aheadSeconds * 1000 };
const createVerifier = (revocation: RevocationOptions, options: object = {}) =>
  createAccessTokenVerifier({
    issuer: issuer.issuer,
    audience: issuer.audience,
    revocation,
    clock,
    ...options,
  });
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
const requestsOf = (path: string) => issuer.requests.filter((each) => each.endsWith(path)).length;

async function startIssuer(): Promise<void> {
  issuer = await startTestIssuer();
  signer = issuer.addKey("key-1");
  aheadSeconds = 0;
}

describe("access token verifier: revocation by status list", () => {
  let revoked: Set<number>;
  let listClaims: Record<string, unknown>;
  let listHeader: Record<string, unknown>;
  let listHeaders: Record<string, string>;
  beforeEach(async () => {
    await startIssuer();
    revoked = new Set();
    listClaims = {};
    listHeader = {};
    listHeaders = {};
    issuer.answers.set("/lists/1", (request, response) => {
      assert.equal(request.headers.accept, "application/statuslist+jwt");
      response.writeHead(200, listHeaders);
      response.end(signList());
    });
  });
  afterEach(() => issuer.close());

  const uri = () => `${issuer.issuer}/lists/1`;

  function signList(): string {
    const bytes = Buffer.alloc(16);
    for (const index of revoked) bytes.writeUInt8(1 << (index % 8), index >> 3);
    const list = { bits: 1, lst: deflateSync(bytes).toString("base64url") };
    return signToken(
      {
        ...signer,
        claims: { sub: uri(), iat: inSeconds(0), exp: inSeconds(3600), ttl: 60, status_list: list },
      },
      { header: { typ: "statuslist+jwt", ...listHeader }, claims: listClaims },
    );
  }

  const tokenAt = (idx: unknown, claims: Record<string, unknown> = {}) =>
    signToken(signer, {
      claims: {
        exp: inSeconds(100_000),
        status: { status_list: { idx, uri: uri() } },
        ...claims,
      },
    });
  const closed = { statusList: { failure: "closed" } } as const;
  const open = { statusList: { failure: "open" } } as const;

  it("refuses what the list says is revoked, with one fetch for all tokens", async () => {
    revoked.add(7);
    const verifier = createVerifier(closed);
    await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const verified = verifier.verify(tokenAt(index));
        if (index === 7) await assert.rejects(verified, { problem: "revoked", status: 401 });
        else await verified;
      }),
    );
    assert.equal(requestsOf("/lists/1"), 1);
  });

  it("notices a revocation within the ttl, and fetches once for it", async () => {
    const verifier = createVerifier(closed);
    const token = tokenAt(3);
    await verifier.verify(token);
    revoked.add(3);
    aheadSeconds = 40;
    await verifier.verify(token);
    aheadSeconds = 61;
    await assert.rejects(verifier.verify(token), { problem: "revoked" });
    assert.equal(requestsOf("/lists/1"), 2);
  });

  it("lets a key that was dropped die within the ttl, too, whatever the JWKS says", async () => {
    issuer.cacheControl = "max-age=3600";
    const verifier = createVerifier(closed);
    const token = tokenAt(3);
    await verifier.verify(token);
    signer = issuer.addKey("key-2");
    issuer.keys.shift();
    aheadSeconds = 61;
    await assert.rejects(verifier.verify(token), { problem: "unknown_key" });
    await verifier.verify(tokenAt(3));
  });

  it("counts the time that a list has spent in a cache on the way (Age)", async () => {
    listHeaders = { Age: "50" };
    const verifier = createVerifier(closed);
    const token = tokenAt(3);
    await verifier.verify(token);
    revoked.add(3);
    aheadSeconds = 11;
    await assert.rejects(verifier.verify(token), { problem: "revoked" });
  });

  const WRONG: Record<string, [Record<string, unknown>, Record<string, unknown>]> = {
    "an access token": [{}, { typ: "at+jwt" }],
    "another list": [{ sub: "https://id.example.com/lists/2" }, {}],
    "another issuer's": [{ iss: "https://attacker.example" }, {}],
    expired: [{ exp: 1 }, {}],
    "without a time": [{ iat: undefined }, {}],
    "with a ttl of nothing": [{ ttl: 0 }, {}],
    "with a ttl that is no number": [{ ttl: "60" }, {}],
    "without a list": [{ status_list: undefined }, {}],
    "a list of three bits": [{ status_list: { bits: 3, lst: "eNrbuRgAAhcBXQ" } }, {}],
    "a bomb": [
      { status_list: { bits: 1, lst: deflateSync(Buffer.alloc(5_000_000)).toString("base64url") } },
      {},
    ],
    "signed with an unknown key": [{}, { kid: "unknown" }],
  };
  for (const [what, [claims, header]] of Object.entries(WRONG)) {
    it(`believes no list that is ${what} (§8.3): 503 when closed, accepted when open`, async () => {
      listClaims = claims;
      listHeader = header;
      await assert.rejects(createVerifier(closed).verify(tokenAt(3)), {
        problem: "status_unavailable",
        status: 503,
      });
      await createVerifier(open).verify(tokenAt(3));
    });
  }

  it("believes no list that somebody else signed", async () => {
    const token = tokenAt(3);
    signer = {
      ...signer,
      privateKey: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
    };
    await assert.rejects(createVerifier(closed).verify(token), { problem: "status_unavailable" });
  });

  it("asks nobody but the issuer and whom the API allows", async () => {
    const other = await startTestIssuer();
    try {
      const elsewhere = `${other.issuer}/lists/1`;
      const token = tokenAt(3, { status: { status_list: { idx: 3, uri: elsewhere } } });
      await assert.rejects(createVerifier(open).verify(token), { problem: "no_status" });
      assert.deepEqual(other.requests, []);
      other.answers.set("/lists/1", (_request, response) => {
        listClaims = { sub: elsewhere };
        response.end(signList());
      });
      const allowing = {
        statusList: { failure: "closed", allowedOrigins: [other.issuer] },
      } as const;
      await createVerifier(allowing).verify(token);
    } finally {
      await other.close();
    }
  });

  for (const status of [
    null,
    "x",
    {},
    { status_list: {} },
    { status_list: { idx: 1 } },
    { status_list: { idx: -1, uri: "http://127.0.0.1/" } },
    { status_list: { idx: 1.5, uri: "http://127.0.0.1/" } },
    { status_list: { idx: "1", uri: "http://127.0.0.1/" } },
    { status_list: { idx: 1, uri: "file:///etc/passwd" } },
    { status_list: { idx: 1, uri: "no url" } },
  ]) {
    it(`refuses a token with the status ${JSON.stringify(status)}`, async () => {
      await assert.rejects(createVerifier(open).verify(tokenAt(0, { status })), {
        problem: "no_status",
      });
    });
  }

  it("refuses a token beyond the end of the list (§8.3)", async () => {
    await assert.rejects(createVerifier(open).verify(tokenAt(128)), { problem: "no_status" });
  });

  it("refuses a token without a status when closed, and takes it when open", async () => {
    const token = tokenAt(0, { status: undefined });
    await assert.rejects(createVerifier(closed).verify(token), { problem: "no_status" });
    await createVerifier(open).verify(token);
  });

  it("closed: answers 503 when the list cannot be fetched any longer, and recovers", async () => {
    const verifier = createVerifier(closed);
    await verifier.verify(tokenAt(3));
    issuer.failing = true;
    aheadSeconds = 59;
    await verifier.verify(tokenAt(3));
    aheadSeconds = 70;
    await assert.rejects(verifier.verify(tokenAt(3)), { status: 503 });
    issuer.failing = false;
    aheadSeconds = 76;
    await verifier.verify(tokenAt(3));
  });

  it("closed with a grace: serves the last list for as long as it was told to", async () => {
    const grace = { statusList: { failure: "closed", staleIfErrorSeconds: 120 } } as const;
    const verifier = createVerifier(grace);
    revoked.add(7);
    await verifier.verify(tokenAt(3));
    issuer.failing = true;
    aheadSeconds = 60 + 119;
    await verifier.verify(tokenAt(3));
    await assert.rejects(verifier.verify(tokenAt(7)), { problem: "revoked" });
    aheadSeconds = 60 + 121;
    await assert.rejects(verifier.verify(tokenAt(3)), { status: 503 });
  });

  it("open: accepts what the last list did not refuse", async () => {
    const verifier = createVerifier(open);
    revoked.add(7);
    await verifier.verify(tokenAt(3));
    issuer.failing = true;
    aheadSeconds = 1000;
    await verifier.verify(tokenAt(3));
    await assert.rejects(verifier.verify(tokenAt(7)), { problem: "revoked" });
  });
});

describe("access token verifier: revocation by introspection (RFC 7662)", () => {
  let answer: Record<string, unknown>;
  let asked: { headers: NodeJS.Dict<string | string[]>; fields: URLSearchParams }[];
  beforeEach(async () => {
    await startIssuer();
    answer = { active: true };
    asked = [];
    issuer.answers.set("/introspect", async (request, response) => {
      asked.push({ headers: request.headers, fields: new URLSearchParams(await text(request)) });
      response.end(JSON.stringify(answer));
    });
  });
  afterEach(() => issuer.close());

  const credentials = { clientId: "api 1", clientSecret: "s:e%cret" };
  const introspection = (changes: object = {}): RevocationOptions => ({
    introspection: { ...credentials, failure: "closed", cacheSeconds: 10, ...changes },
  });

  it("asks once for all who ask at the same time, authenticated (RFC 6749 §2.3.1)", async () => {
    const verifier = createVerifier(introspection());
    const token = signToken(signer);
    await Promise.all(Array.from({ length: 30 }, () => verifier.verify(token)));
    assert.equal(asked.length, 1);
    const [{ headers, fields } = { headers: {}, fields: new URLSearchParams() }] = asked;
    assert.equal(fields.get("token"), token);
    const basic = Buffer.from("api+1:s%3Ae%25cret").toString("base64");
    assert.equal(headers["authorization"], `Basic ${basic}`);
  });

  it("authenticates by a signed assertion (RFC 7523)", async () => {
    const { privateKey: key, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const privateKey = { key, algorithm: "ES256", kid: "api-key" };
    const means = { clientId: "api-1", privateKey, failure: "closed", cacheSeconds: 0 } as const;
    const verifier = createVerifier({ introspection: means });
    await verifier.verify(signToken(signer));
    await verifier.verify(signToken(signer));
    const assertions = asked.map(({ fields }) => fields.get("client_assertion") ?? "");
    const jwks = { keys: [{ ...publicKey.export({ format: "jwk" }), kty: "EC", kid: "api-key" }] };
    const ids = new Set<unknown>();
    for (const assertion of assertions) {
      const { payload } = await jwtVerify(assertion, createLocalJWKSet(jwks), {
        issuer: "api-1",
        subject: "api-1",
        audience: issuer.issuer,
        requiredClaims: ["exp", "jti"],
      });
      ids.add(payload.jti);
    }
    assert.equal(ids.size, 2);
  });

  it("refuses what is not active, and keeps each answer for its time", async () => {
    const verifier = createVerifier(introspection());
    const token = signToken(signer);
    await verifier.verify(token);
    answer = { active: false };
    aheadSeconds = 9;
    await verifier.verify(token);
    aheadSeconds = 11;
    await assert.rejects(verifier.verify(token), { problem: "inactive", status: 401 });
    await assert.rejects(verifier.verify(token), { problem: "inactive" });
    assert.equal(asked.length, 2);
  });

  it("asks again about another spelling of a token that was revoked", async () => {
    const verifier = createVerifier(introspection());
    const token = signToken(signer);
    await verifier.verify(token);
    answer = { active: false };
    await assert.rejects(verifier.verify(malleate(token)), { problem: "inactive" });
  });

  it("keeps no answer beyond the end of the token", async () => {
    answer = { active: true, exp: inSeconds(5) };
    const verifier = createVerifier(introspection({ cacheSeconds: 60 }));
    const token = signToken(signer);
    await verifier.verify(token);
    aheadSeconds = 6;
    await verifier.verify(token);
    assert.equal(asked.length, 2);
  });

  it("keeps a bounded number of answers", async () => {
    const verifier = createVerifier(introspection({ maxEntries: 2 }));
    const tokens = [signToken(signer), signToken(signer), signToken(signer)];
    for (const token of tokens) await verifier.verify(token);
    await verifier.verify(tokens[2] ?? "");
    assert.equal(asked.length, 3);
    await verifier.verify(tokens[0] ?? "");
    assert.equal(asked.length, 4);
  });

  it("asks about no token that is bad in itself", async () => {
    const verifier = createVerifier(introspection({ opaqueTokens: false }));
    await assert.rejects(verifier.verify(signToken(signer, { claims: { exp: 1 } })));
    await assert.rejects(verifier.verify("opaque-token"), { problem: "malformed" });
    assert.equal(asked.length, 0);
  });

  for (const [what, fail] of Object.entries({
    "an error": () => {
      issuer.failing = true;
    },
    silence: () => issuer.answers.set("/introspect", () => {}),
    "no answer to the question": () => (answer = {}),
    "a text for active": () => (answer = { active: "true" }),
  })) {
    it(`closed: 503 after ${what}; open: accepted`, async () => {
      const options = { timeoutMs: 200 };
      const [closed, open] = [introspection(), introspection({ failure: "open" })].map((each) =>
        createVerifier(each, options),
      );
      const token = signToken(signer);
      const warm = signToken(signer);
      await Promise.all([closed?.verify(warm), open?.verify(warm)]);
      fail();
      await assert.rejects(closed?.verify(token) ?? Promise.resolve(), {
        problem: "introspection_unavailable",
        status: 503,
      });
      await open?.verify(token);
    });
  }

  it("finds opaque tokens, when it is told to", async () => {
    const verifier = createVerifier(introspection({ opaqueTokens: true }));
    answer = {
      active: true,
      aud: issuer.audience,
      client_id: "client-1",
      scope: "a b",
      exp: inSeconds(60),
    };
    const token = await verifier.verify("opaque-token", { scopes: ["a"] });
    assert.equal(token.format, "opaque");
    assert.equal(token.subject, "client-1");
    aheadSeconds = 71;
    await assert.rejects(verifier.verify("opaque-token"), { problem: "expired" });
  });

  it("refuses opaque tokens for others, without an end, or of another issuer", async () => {
    const good = { active: true, aud: issuer.audience, client_id: "c", exp: inSeconds(60) };
    for (const [change, problem] of [
      [{ aud: "https://api.example.com/other" }, "audience"],
      [{ aud: undefined }, "audience"],
      [{ exp: undefined }, "claims"],
      [{ client_id: undefined }, "claims"],
      [{ iss: "https://attacker.example" }, "issuer"],
      [{ cnf: { jkt: "x" } }, "binding"],
      [{ active: false }, "inactive"],
    ] as const) {
      answer = { ...good, ...change };
      const verifier = createVerifier(introspection({ opaqueTokens: true }));
      await assert.rejects(verifier.verify("opaque-token"), { problem }, JSON.stringify(change));
    }
  });

  it("takes a function instead of an endpoint", async () => {
    const verifier = createVerifier({
      introspection: {
        introspect: async () => ({ active: false }),
        failure: "closed",
        cacheSeconds: 0,
      },
    });
    await assert.rejects(verifier.verify(signToken(signer)), { problem: "inactive" });
  });
});
