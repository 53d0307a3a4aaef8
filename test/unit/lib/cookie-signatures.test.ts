import { expect } from "chai";
import { createCookieSignatures } from "../../../src/lib/cookie-signatures.js";
import { createMac } from "../../../src/lib/seal.js";

const macOf = (secret: string) =>
  createMac(`${secret}, of more than thirty-two characters`, "cookies");

describe("createCookieSignatures", () => {
  it("verifies what it signed, and nothing else", () => {
    const signatures = createCookieSignatures([macOf("a secret")]);
    const signature = signatures.sign("session=abc");
    expect(signature).to.match(/^[\w-]{43}$/);
    expect(signatures.verify("session=abc", signature)).to.equal(true);
    expect(signatures.verify("session=abd", signature)).to.equal(false);
    expect(signatures.verify("session=abc", `${signature.slice(0, -1)}!`)).to.equal(false);
    expect(signatures.verify("session=abc", "")).to.equal(false);
  });

  it("signs with the newest key, and takes what an older one has signed for as good", () => {
    const [newer, older] = [macOf("the newer secret"), macOf("the older secret")];
    const signatures = createCookieSignatures([newer, older]);
    expect(signatures.sign("session=abc")).to.equal(newer.sign("session=abc"));
    expect(signatures.index("session=abc", newer.sign("session=abc"))).to.equal(0);
    expect(signatures.index("session=abc", older.sign("session=abc"))).to.equal(0);
    expect(signatures.index("session=abc", macOf("a foreign secret").sign("session=abc"))).to.equal(
      -1,
    );
  });
});
