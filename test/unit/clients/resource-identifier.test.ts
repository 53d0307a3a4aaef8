import { expect } from "chai";
import {
  findIdentifierProblem,
  normalizeResourceIdentifier,
} from "../../../src/clients/resource-identifier.js";

describe("identifiers of APIs (RFC 8707 §2)", () => {
  const same: Record<string, [string, ...string[]]> = {
    "slashes at the end": ["https://api.example.com", "https://api.example.com//"],
    "slashes after a path": ["https://api.example.com/a", "https://api.example.com/a/"],
    "case of scheme and host (RFC 3986 §6.2.2.1)": [
      "https://api.example.com/Orders",
      "HTTPS://API.Example.COM/Orders",
    ],
    "the default port (RFC 3986 §6.2.3)": [
      "https://api.example.com/a",
      "https://api.example.com:443/a",
    ],
    "dot segments (RFC 3986 §6.2.2.3)": [
      "https://api.example.com/b",
      "https://api.example.com/a/../b/.",
    ],
    "needless percent-encoding (RFC 3986 §6.2.2.2)": [
      "https://api.example.com/~a%2Fb",
      "https://api.example.com/%7Ea%2fb",
    ],
    "an international name": ["https://xn--mnchen-3ya.example", "https://münchen.example/"],
    "case of a URN's namespace (RFC 8141 §3.1)": ["urn:example:Orders", "URN:EXAMPLE:Orders"],
    "case of another scheme": ["api://Orders", "API://Orders/"],
  };
  for (const [what, [normal, ...others]] of Object.entries(same)) {
    it(`are the same whatever ${what}`, () => {
      for (const other of others) expect(normalizeResourceIdentifier(other)).to.equal(normal);
      expect(normalizeResourceIdentifier(normal), "stays").to.equal(normal);
    });
  }

  it("differ by path, port, scheme, query, the case of a path and what is encoded for a reason", () => {
    const different = [
      "https://api.example.com",
      "https://api.example.com:8443",
      "http://api.example.com",
      "https://api.example.com/a",
      "https://api.example.com/A",
      "https://api.example.com/a/b",
      "https://api.example.com/a%2Fb",
      "https://api.example.com/a?b",
      "https://api.example.com/a/?b",
      "urn:example:a",
      "urn:example:A",
    ];
    expect(new Set(different.map(normalizeResourceIdentifier)).size).to.equal(different.length);
  });

  it("keep what is no URI", () => {
    for (const text of ["", "not a uri", "%", "//", "a:b%zz"]) {
      expect(normalizeResourceIdentifier(text)).to.equal(text.replace(/\/+$/, ""));
    }
  });

  it("are refused in words where two texts would be one API, or one text none", () => {
    const refused = {
      "not-a-uri": "absolute URI",
      "/orders": "absolute URI",
      "https://api.example.com/#": "fragment",
      "https://api.example.com/#a": "fragment",
      "https://user@api.example.com": "user information",
      "https://api.example.com/a b": "white space",
      "https:\\api.example.com": "backslashes",
      "https://api.example.com/\0": "control characters",
    };
    for (const [identifier, words] of Object.entries(refused)) {
      expect(findIdentifierProblem(identifier), identifier).to.include(words);
    }
    for (const fine of ["https://api.example.com/", "urn:example:orders", "api://orders"]) {
      expect(findIdentifierProblem(fine), fine).to.equal(undefined);
    }
  });
});
