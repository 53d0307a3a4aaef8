import { expect } from "chai";
import { createSettledRevocations } from "../../../src/tokens/settled-revocations.js";

const grant = (id: string, issuedUntilSeconds = 100) =>
  ({ subject: "grant", id, issuedUntilSeconds }) as const;

describe("settled revocations", () => {
  it("are looked up again for a minute, then no more", () => {
    const settled = createSettledRevocations();
    const [one, other] = [grant("one"), grant("other")];
    expect(settled.pick([one], 0)).to.deep.equal([one]);
    settled.note([one], 0);
    settled.note([one, other], 30_000);
    expect(settled.pick([one, other], 59_999)).to.deep.equal([one, other]);
    expect(settled.pick([one, other], 60_000)).to.deep.equal([other]);
    expect(settled.pick([one, other], 90_000)).to.deep.equal([]);
  });

  it("are looked up as long as no look succeeded", () => {
    const settled = createSettledRevocations();
    expect(settled.pick([grant("one")], 1_000_000)).to.have.length(1);
  });

  it("are others when the same subject is revoked up to a later second", () => {
    const settled = createSettledRevocations();
    settled.note([grant("one", 100)], 0);
    const later = grant("one", 200);
    expect(settled.pick([later], 60_000)).to.deep.equal([later]);
    settled.note([later], 60_000);
    expect(settled.pick([later], 119_999)).to.deep.equal([later]);
    expect(settled.pick([later], 120_000)).to.deep.equal([]);
  });

  it("are forgotten when they are in force no longer, and begin anew should they come back", () => {
    const settled = createSettledRevocations();
    settled.note([grant("one")], 0);
    settled.note([], 60_000);
    expect(settled.pick([grant("one")], 60_001)).to.have.length(1);
  });

  it("are told apart by what they are about", () => {
    const settled = createSettledRevocations();
    settled.note([grant("one")], 0);
    const session = { ...grant("one"), subject: "session" } as const;
    expect(settled.pick([grant("one"), session], 60_000)).to.deep.equal([session]);
  });
});
