import { expect } from "chai";
import { createDoubt } from "../../../src/oidc/doubt.js";
import { createMovableClock } from "../../support/stores.js";

describe("createDoubt", () => {
  it("covers nothing while no store has failed", () => {
    const clock = createMovableClock();
    expect(createDoubt(clock).covers(clock.nowSeconds())).to.equal(false);
  });

  it("covers what was consumed since just before an outage, until just after it", () => {
    const clock = createMovableClock();
    const doubt = createDoubt(clock);
    const [before, outage] = [clock.nowSeconds() - 10, clock.nowSeconds()];
    for (let second = 0; second < 20; second++) {
      doubt.noteOutage();
      expect(doubt.covers(outage - 3)).to.equal(true);
      expect(doubt.covers(clock.nowSeconds())).to.equal(true);
      expect(doubt.covers(before)).to.equal(false);
      clock.advance(1);
    }
    clock.advance(2);
    expect(doubt.covers(outage)).to.equal(true);
    clock.advance(1);
    expect(doubt.covers(outage)).to.equal(false);
  });

  it("begins anew with the next outage", () => {
    const clock = createMovableClock();
    const doubt = createDoubt(clock);
    doubt.noteOutage();
    const first = clock.nowSeconds();
    clock.advance(60);
    doubt.noteOutage();
    expect(doubt.covers(first)).to.equal(false);
    expect(doubt.covers(clock.nowSeconds())).to.equal(true);
  });
});
