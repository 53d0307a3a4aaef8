import { expect } from "chai";
import {
  describeDistance,
  describeInstant,
} from "../../../../src/http/playground/describe-time.js";

describe("describeDistance", () => {
  const CASES: [distanceSeconds: number, words: string][] = [
    [0, "now"],
    [1, "in 1 second"],
    [-1, "1 second ago"],
    [119, "in 119 seconds"],
    [120, "in 2 minutes"],
    [-3599, "59 minutes ago"],
    [7200, "in 2 hours"],
    [172_799, "in 47 hours"],
    [172_800, "in 2 days"],
  ];
  for (const [distanceSeconds, words] of CASES) {
    it(`calls ${distanceSeconds} s "${words}"`, () => {
      expect(describeDistance(1000 + distanceSeconds, 1000)).to.equal(words);
    });
  }
});

describe("describeInstant", () => {
  it("names the day, the time in UTC and the distance", () => {
    expect(describeInstant(1_700_000_000, 1_699_996_400)).to.equal(
      "14 November 2023 at 22:13:20 UTC, in 60 minutes",
    );
  });

  it("says so when a claim holds no time", () => {
    expect(describeInstant(1e300, 0)).to.equal("This is not a time.");
  });
});
