import assert from "node:assert/strict";
import { AccessTokenError, createAccessTokenVerifier } from "../../../src/verify/index.js";
import { makeBadTokens, malleate, mutate, signToken } from "../../support/bad-tokens.js";
import { startTestIssuer, type TestIssuer } from "../../support/test-issuer.js";

const issuer: TestIssuer = await startTestIssuer();
const signer = issuer.addKey("key-1");

describe("access token verifier: bad tokens", () => {
  const verifier = createAccessTokenVerifier({
    issuer: issuer.issuer,
    audience: issuer.audience,
    revocation: "none",
  });
  after(() => issuer.close());

  it("accepts the token that the bad ones are made of (RFC 9068 §4)", async () => {
    const token = await verifier.verify(signToken(signer));
    assert.equal(token.subject, "account-1");
    assert.deepEqual([...token.scopes], ["orders:read", "profile"]);
  });

  // Of the tokens that are made here the tests only have the names: in a long run they have expired.
  for (const [index, { name, problem }] of makeBadTokens(signer).entries()) {
    it(`refuses a token that ${name}`, async () => {
      const token = makeBadTokens(signer)[index]?.token ?? "";
      await assert.rejects(verifier.verify(token), (err) => {
        assert.ok(err instanceof AccessTokenError, String(err));
        assert.equal(err.problem, problem);
        const { status, headers } = verifier.refuse(err);
        assert.equal(status, 401);
        assert.match(String(headers["WWW-Authenticate"]), /^Bearer .*error="invalid_token"/);
        return true;
      });
    });
  }

  it("takes the other spelling of an ECDSA signature for the same token: its jti is the same", async () => {
    const token = signToken(signer, { claims: { jti: "revoked-1" } });
    const isRevoked = async ({ id }: { id: string | undefined }) => id === "revoked-1";
    const revoking = createAccessTokenVerifier({
      issuer: issuer.issuer,
      audience: issuer.audience,
      revocation: { isRevoked },
    });
    assert.equal((await verifier.verify(malleate(token))).id, "revoked-1");
    await assert.rejects(revoking.verify(token), { problem: "revoked" });
    await assert.rejects(revoking.verify(malleate(token)), { problem: "revoked" });
  });

  it("throws its own error and no other for 3,000 mutations", async () => {
    const token = signToken(signer);
    for (let seed = 0; seed < 3000; seed++) {
      const mutant = mutate(token, seed);
      if (mutant === token) continue;
      await assert.rejects(verifier.verify(mutant), AccessTokenError, `seed ${seed}: ${mutant}`);
    }
  });

  it("asks for the keys hardly more than once for all of these, made-up key ids included", () => {
    const fetches = issuer.requests.filter((each) => each.endsWith("/jwks"));
    // The first, and one for each 5 s that passed meanwhile.
    assert.ok(fetches.length <= 3, fetches.join(", "));
  });
});
