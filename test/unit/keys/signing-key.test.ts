import { expect } from "chai";
import { calculateJwkThumbprint } from "jose";
import {
  generateSigningKey,
  isSigningKey,
  publicHalf,
  SIGNING_ALGORITHMS,
} from "../../../src/keys/signing-key.js";

describe("generateSigningKey", () => {
  for (const algorithm of SIGNING_ALGORITHMS) {
    it(`${algorithm}: named by its thumbprint (RFC 7638), with a public half that cannot sign`, async () => {
      const key = await generateSigningKey(algorithm);
      expect(key).to.include({
        alg: algorithm,
        use: "sig",
        kid: await calculateJwkThumbprint(key),
      });
      const half = publicHalf(key);
      expect(await calculateJwkThumbprint(half)).to.equal(key.kid);
      expect(half).not.to.have.any.keys("d", "p", "q", "dp", "dq", "qi");
      expect([isSigningKey(key), isSigningKey(half)]).to.deep.equal([true, false]);
    });
  }

  it("gives no key a name that a command would take for an option", async () => {
    const keys = await Promise.all(Array.from({ length: 400 }, () => generateSigningKey("ES256")));
    expect(keys.filter(({ kid }) => kid.startsWith("-"))).to.deep.equal([]);
  });
});
