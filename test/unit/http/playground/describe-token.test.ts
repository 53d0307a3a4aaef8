import { expect } from "chai";
import { describeToken } from "../../../../src/http/playground/describe-token.js";

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("describeToken", () => {
  it("spells out the header and the claims of a verified JWT, times in words", () => {
    const value = [
      part({ alg: "RS256" }),
      part({ sub: "p", exp: 1000, address: { a: 1 }, x: null }),
      "s",
    ];
    const shown = {
      name: "ID token",
      value: value.join("."),
      verdict: { kind: "verified" },
    } as const;
    const { badge, header, payload } = describeToken(shown, 400);
    expect(badge).to.deep.equal({ tone: "success", text: "Verified" });
    expect(header).to.deep.equal([{ name: "alg", value: "RS256", meaning: "Signature algorithm" }]);
    expect(payload).to.deep.equal([
      { name: "sub", value: "p", meaning: "Whom it is about" },
      {
        name: "exp",
        value: "1000",
        meaning: "Expires 1 January 1970 at 00:16:40 UTC, in 10 minutes",
      },
      { name: "address", value: '{"a":1}', meaning: "" },
      { name: "x", value: "null", meaning: "" },
    ]);
  });

  it("does not decode what is not a JWT", () => {
    const shown = {
      name: "Refresh token",
      value: "opaque",
      verdict: { kind: "not a JWT" },
    } as const;
    const { badge, header, payload } = describeToken(shown, 0);
    expect(badge.text).to.equal("Not a JWT");
    expect([...header, ...payload]).to.be.empty;
  });

  it("shows why a token does not hold, and what can be read of it", () => {
    const verdict = { kind: "not verified", problem: "It has expired." } as const;
    const described = describeToken({ name: "ID token", value: "?.!.s", verdict }, 0);
    expect(described).to.include({ explanation: "It has expired." });
    expect(described.badge).to.deep.equal({ tone: "danger", text: "Not verified" });
    expect([...described.header, ...described.payload]).to.be.empty;
  });

  it("knows no claims by the names of inherited properties", () => {
    const value = `${part({})}.${part({ constructor: "x", toString: 1 })}.s`;
    const { payload } = describeToken(
      { name: "ID token", value, verdict: { kind: "verified" } },
      0,
    );
    expect(payload.map(({ meaning }) => meaning)).to.deep.equal(["", ""]);
  });
});
