import { expect } from "chai";
import { createDestinationLimits } from "../../../src/sessions/destination-limits.js";

const WELL = { succeeded: true, tookMs: 20 };

describe("createDestinationLimits", () => {
  it("lets four deliveries to a destination run at once", () => {
    const limits = createDestinationLimits();
    for (let count = 0; count < 3; count++) limits.begin("rp.example");
    expect(limits.full()).to.deep.equal([]);
    limits.begin("rp.example");
    expect(limits.full()).to.deep.equal(["rp.example"]);
    limits.end("rp.example", WELL);
    expect(limits.full()).to.deep.equal([]);
  });

  for (const [what, result] of Object.entries({
    failed: { succeeded: false, tookMs: 20 },
    "was slow": { succeeded: true, tookMs: 1_000 },
  })) {
    it(`lets one run to a destination that ${what}, until it is well again`, () => {
      const limits = createDestinationLimits();
      limits.begin("rp.example");
      limits.end("rp.example", result);
      expect(limits.full()).to.deep.equal([]);
      limits.begin("rp.example");
      expect(limits.full()).to.deep.equal(["rp.example"]);
      limits.end("rp.example", WELL);
      limits.begin("rp.example");
      expect(limits.full()).to.deep.equal([]);
    });
  }

  it("holds back no other destination", () => {
    const limits = createDestinationLimits();
    for (let count = 0; count < 4; count++) limits.begin("slow.example");
    limits.begin("rp.example");
    expect(limits.full()).to.deep.equal(["slow.example"]);
  });
});
