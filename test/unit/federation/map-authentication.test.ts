import { expect } from "chai";
import { findUpstreamAcrs, mapAuthentication } from "../../../src/federation/map-authentication.js";

const NOW = 1_800_000_000;
const PLAIN = { acrMapping: {}, amrMapping: {} };

describe("what a provider says of a sign-in, in our words", () => {
  it("keeps registered methods (RFC 8176 §2) and leaves out what means nothing in common", () => {
    const { amr } = mapAuthentication(
      { amr: ["pwd", "mfa", "x-corp-token", 7, "pwd"] },
      PLAIN,
      NOW,
    );
    expect(amr).to.deep.equal(["pwd", "mfa"]);
  });

  it("maps methods and classes by data", () => {
    const mapping = {
      acrMapping: { gold: "urn:example:gold", "*": "urn:example:any" },
      amrMapping: { "x-corp-token": "hwk", pwd: "kba" },
    };
    const said = { acr: "gold", amr: ["pwd", "x-corp-token"] };
    expect(mapAuthentication(said, mapping, NOW)).to.deep.include({
      acr: "urn:example:gold",
      amr: ["kba", "hwk"],
    });
    for (const acr of ["silver", undefined, 1]) {
      expect(mapAuthentication({ acr }, mapping, NOW).acr).to.equal("urn:example:any");
    }
  });

  it("lets no provider choose our class of password sign-ins by itself", () => {
    for (const acr of ["urn:latchkey:acr:pwd", "toString", "__proto__"]) {
      expect(mapAuthentication({ acr }, PLAIN, NOW).acr).to.equal("urn:latchkey:acr:federated");
    }
  });

  it("takes auth_time as it is said, never later than now, and makes none up", () => {
    const timeOf = (auth_time: unknown) =>
      mapAuthentication({ auth_time }, PLAIN, NOW).authTimeSeconds;
    expect(timeOf(NOW - 3600)).to.equal(NOW - 3600);
    expect(timeOf(NOW + 3600)).to.equal(NOW);
    for (const odd of [undefined, "1700000000", NaN, -5, 0])
      expect(timeOf(odd)).to.equal(undefined);
  });

  it("asks a provider for the classes that become those that the client asks for", () => {
    const acrMapping = { gold: "a", silver: "b", bronze: "a", "*": "a" };
    expect(findUpstreamAcrs({ acrMapping }, ["a"])).to.deep.equal(["gold", "bronze"]);
    expect(findUpstreamAcrs({ acrMapping }, ["c"])).to.deep.equal([]);
  });
});
