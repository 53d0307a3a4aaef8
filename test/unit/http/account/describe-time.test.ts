import { expect } from "chai";
import { describeTime } from "../../../../src/http/account/describe-time.js";
import { translators } from "../../../support/translators.js";

describe("describeTime", () => {
  const now = 1_795_867_246;
  for (const [ageSeconds, words] of [
    [-30, "just now"],
    [0, "just now"],
    [119, "just now"],
    [120, "2 minutes ago"],
    [3599, "59 minutes ago"],
    [3600, "1 hour ago"],
    [86_399, "23 hours ago"],
    [86_400, "1 day ago"],
    [13 * 86_400, "13 days ago"],
    [14 * 86_400, "on November 14, 2026"],
  ] as const) {
    it(`calls ${ageSeconds} s ${words}`, () => {
      expect(translators.englishOf(describeTime(now - ageSeconds, now))).to.equal(words);
    });
  }
});
