import { expect } from "chai";
import { deriveSecrets } from "../../../src/lib/derived-secrets.js";

const OLD = "the old secret, of more than thirty-two characters";
const NEW = "the new secret, of more than thirty-two characters";

/** What a node has before, during and after a change of SECRET_KEY. */
const before = deriveSecrets([OLD]);
const prepared = deriveSecrets([OLD, NEW]);
const swapped = deriveSecrets([NEW, OLD]);
const after = deriveSecrets([NEW]);

const SEALERS = ["signingKeys", "authorizationRequests", "modelIds"] as const;

describe("deriveSecrets", () => {
  for (const name of SEALERS) {
    it(`${name}: opens what either key sealed, and seals under the first`, () => {
      for (const [maker, opener] of [
        [before, prepared],
        [prepared, before],
        [prepared, swapped],
        [swapped, prepared],
        [swapped, after],
      ] as const) {
        expect(opener[name].open(maker[name].seal("a secret", "row"), "row")).to.equal("a secret");
      }
      expect(after[name].open(before[name].seal("a secret", "row"), "row")).to.equal(undefined);
      expect(swapped[name].open(before[name].seal("a secret", "row"), "other")).to.equal(undefined);
    });
  }

  it("forms: takes what either key marked, and marks under the first", () => {
    expect(swapped.forms.verify("uid", before.forms.sign("uid"))).to.equal(true);
    expect(after.forms.verify("uid", swapped.forms.sign("uid"))).to.equal(true);
    expect(after.forms.verify("uid", before.forms.sign("uid"))).to.equal(false);
    expect(swapped.forms.verify("uid", "")).to.equal(false);
  });

  it("cookies: takes what either key signed, and signs under the first", () => {
    expect(swapped.cookies.index("a=b", before.cookies.sign("a=b"))).to.equal(0);
    expect(after.cookies.index("a=b", swapped.cookies.sign("a=b"))).to.equal(0);
    expect(after.cookies.verify("a=b", before.cookies.sign("a=b"))).to.equal(false);
  });

  it("tells whether a signing key is sealed under SECRET_KEY itself", () => {
    const old = before.signingKeys.seal("a key", "kid");
    expect(swapped.newestSigningKeys.open(old, "kid")).to.equal(undefined);
    expect(
      swapped.newestSigningKeys.open(swapped.signingKeys.seal("a key", "kid"), "kid"),
    ).to.equal("a key");
  });

  it("gives every purpose a key of its own", () => {
    const { modelValues, dpopNonces } = swapped;
    const all = [...modelValues, ...dpopNonces].map((key) => key.toString("hex"));
    expect(new Set(all).size).to.equal(4);
  });
});
