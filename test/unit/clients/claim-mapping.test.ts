import { expect } from "chai";
import { findClaimMappingProblems } from "../../../src/clients/claim-mapping.js";

describe("a declared mapping of claims", () => {
  it("may name account, profile and client fields, and constants", () => {
    const fine = {
      email: "account.email",
      "https://example.com/tier": { const: "gold" },
      groups: { const: ["staff"] },
      department: "account.profile.department",
      client_name: "client.client_name",
    };
    expect(findClaimMappingProblems(fine)).to.deep.equal([]);
  });

  it("may not say what the server says (RFC 7519 §4.1, RFC 9068 §2.2, RFC 8693 §4.1)", () => {
    const reserved = "iss sub aud exp nbf iat jti client_id scope auth_time acr amr cnf act sid";
    for (const name of [...reserved.split(" "), "grant_id", "status", "authorization_details"]) {
      const problems = findClaimMappingProblems({ [name]: { const: "x" } });
      expect(problems.join(), name).to.include(name).and.include("the server itself");
    }
  });

  it("may name no other source, and is told which there are", () => {
    const sources = [
      "account.passwordHash",
      "account.id",
      "account.profile",
      "account.profile.a.b",
      "account.profile.__proto__",
      "client.client_secret",
      "client.jwks",
      "email",
      "",
    ];
    for (const source of sources) {
      const [problem] = findClaimMappingProblems({ x: source });
      expect(problem, source).to.include(`"${source}"`).and.include("account.email");
    }
  });

  it("has names that can be read, and fits into a header", () => {
    for (const name of ["", "a b", "a\u0007", 'a"']) {
      expect(findClaimMappingProblems({ [name]: "account.email" }), name).to.have.length(1);
    }
    const large = findClaimMappingProblems({ x: { const: "x".repeat(3000) } });
    expect(large.join()).to.include("2048 at most");
  });

  it("is told all that is wrong with it at once", () => {
    expect(findClaimMappingProblems({ sub: "account.email", x: "y" })).to.have.length(2);
  });
});
