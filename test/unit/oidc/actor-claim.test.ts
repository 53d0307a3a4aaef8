import { expect } from "chai";
import { mayAct, nestActor, parseActorClaim } from "../../../src/oidc/actor-claim.js";

const ISSUER = "https://login.example.com";
const SERVICE = { subject: "service", clientId: "service" };

describe("the act claim (RFC 8693 §4.1)", () => {
  it("has the new actor outermost and those before inside", () => {
    const first = nestActor(SERVICE, undefined);
    expect(first).to.deep.equal({ sub: "service" });
    const second = nestActor({ subject: "admin", clientId: "console" }, first);
    expect(second).to.deep.equal({ sub: "admin", act: { sub: "service" } });
    expect(parseActorClaim(second)).to.deep.equal(second);
  });

  it("is read without what identifies nobody", () => {
    expect(parseActorClaim({ sub: "service", exp: 1, act: { sub: "a", aud: "b" } })).to.deep.equal({
      sub: "service",
      act: { sub: "a" },
    });
    expect(parseActorClaim(undefined)).to.equal(undefined);
    for (const none of ["service", null, {}, { sub: 1 }, { sub: "a", act: {} }]) {
      expect(() => parseActorClaim(none)).to.throw(TypeError);
    }
  });
});

describe("the may_act claim (RFC 8693 §4.4)", () => {
  it("lets act whom it names, and everybody when it is not there", () => {
    for (const claim of [
      undefined,
      { sub: "service" },
      { sub: "service", iss: ISSUER },
      { sub: "service", client_id: "service", iss: ISSUER },
    ]) {
      expect(mayAct(claim, SERVICE, ISSUER), JSON.stringify(claim)).to.equal(true);
    }
  });

  it("lets nobody else act, and nobody when it says what this server does not know", () => {
    for (const claim of [
      { sub: "other" },
      { sub: "service", iss: "https://other.example.com" },
      { sub: "service", client_id: "other" },
      { sub: "service", email: "service@example.com" },
      { iss: ISSUER },
      { toString: "service" },
      {},
      [],
      "service",
      null,
      true,
    ]) {
      expect(mayAct(claim, SERVICE, ISSUER), JSON.stringify(claim)).to.equal(false);
    }
  });
});
