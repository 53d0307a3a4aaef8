import { expect } from "chai";
import { readClaims } from "../../../src/federation/read-claims.js";

const MAPPING = { email: "email", email_verified: "email_verified", name: "display.name" };

describe("claims of a provider", () => {
  it("are read by path, and what is no plain text is left out", () => {
    const said = { email: " a@example.com ", display: { name: "Ada" }, picture: "https://x" };
    expect(readClaims(said, MAPPING)).to.deep.equal({
      email: "a@example.com",
      emailVerified: false,
      username: undefined,
      profile: { name: "Ada" },
    });
    for (const name of ["", "a\u0000b", "x".repeat(1001), 5, null, ["Ada"], {}]) {
      expect(readClaims({ display: { name } }, MAPPING).profile).to.deep.equal({});
    }
  });

  it("count an address as verified by nothing but true (OpenID Connect Core §5.1)", () => {
    const verified = (email_verified: unknown, email: unknown = "a@example.com") =>
      readClaims({ email, email_verified }, MAPPING).emailVerified;
    expect(verified(true)).to.equal(true);
    for (const odd of ["true", 1, "yes", {}, undefined, false])
      expect(verified(odd)).to.equal(false);
    for (const odd of ["no address", "", "a@b c", null, `${"a".repeat(250)}@x.de`]) {
      expect(verified(true, odd)).to.equal(false);
    }
  });

  it("may be the same for everybody, and never come from a prototype", () => {
    const constant = { email: "email", email_verified: { const: true } };
    expect(readClaims({ email: "a@example.com" }, constant).emailVerified).to.equal(true);
    const inherited = readClaims({}, { name: "constructor.name", nickname: "toString" });
    expect(inherited.profile).to.deep.equal({});
  });
});
