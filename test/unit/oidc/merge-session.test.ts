import { expect } from "chai";
import { mergeSession } from "../../../src/oidc/merge-session.js";

describe("mergeSession", () => {
  const base = {
    uid: "u",
    acr: "password",
    state: { secret: "s" },
    authorizations: { kept: { sid: "1" }, left: { sid: "2" } },
  };

  it("keeps what either changed, added or took away", () => {
    const { state: _state, ...ours } = {
      ...base,
      exp: 2,
      authorizations: { kept: { sid: "1" }, left: { sid: "2" }, ours: { sid: "3" } },
    };
    const theirs = {
      ...base,
      acr: "passkey",
      authorizations: { kept: { sid: "1", grantId: "g" }, theirs: { sid: "4" } },
    };
    expect(mergeSession({ base, ours, theirs })).to.deep.equal({
      uid: "u",
      acr: "passkey",
      exp: 2,
      authorizations: {
        kept: { sid: "1", grantId: "g" },
        ours: { sid: "3" },
        theirs: { sid: "4" },
      },
    });
  });

  it("takes ours where both changed the same", () => {
    const merged = mergeSession({ base, ours: { ...base, acr: "a" }, theirs: { acr: "b" } });
    expect(merged).to.include({ acr: "a" });
  });

  it("knows a client by whatever name", () => {
    const named = (sid: string) => JSON.parse(`{"__proto__":{"sid":"${sid}"}}`) as object;
    const merged = mergeSession({
      base: {},
      ours: { authorizations: named("a") },
      theirs: { authorizations: { constructor: { sid: "b" } } },
    });
    expect(JSON.stringify(merged["authorizations"])).to.equal(
      '{"__proto__":{"sid":"a"},"constructor":{"sid":"b"}}',
    );
  });
});
