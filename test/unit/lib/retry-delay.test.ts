import { expect } from "chai";
import { retryDelaySeconds } from "../../../src/lib/retry-delay.js";

describe("retryDelaySeconds", () => {
  it("doubles each time, up to five minutes", () => {
    const delays = [1, 2, 3, 4, 5, 6, 7, 8, 9, 100].map((count) => retryDelaySeconds(count, 0));
    expect(delays).to.deep.equal([2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
  });

  it("takes a random half off at most", () => {
    expect(retryDelaySeconds(9, 0.999)).to.equal(151);
    expect(retryDelaySeconds(9, 0.5)).to.equal(225);
  });
});
