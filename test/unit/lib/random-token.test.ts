import { expect } from "chai";
import { randomToken } from "../../../src/lib/random-token.js";

describe("randomToken", () => {
  it("is 32 bytes in base64url unless told", () => {
    expect(randomToken()).to.match(/^[A-Za-z0-9_-]{43}$/);
    expect(Buffer.from(randomToken(16), "base64url")).to.have.length(16);
  });

  it("is never the same twice", () => {
    const tokens = new Set(Array.from({ length: 1000 }, () => randomToken(16)));
    expect(tokens.size).to.equal(1000);
  });
});
