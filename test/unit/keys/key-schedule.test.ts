import { expect } from "chai";
import { loadConfig } from "../../../src/config/load-config.js";
import {
  defaultKeyTimes,
  JWKS_CACHED_SECONDS,
  scheduleKeys,
} from "../../../src/keys/key-schedule.js";
import { LONGEST_TOKEN_SECONDS } from "../../../src/lib/longest-token.js";
import type { StoredSigningKey } from "../../../src/keys/signing-key-store.js";

const NOW = 1_800_000_000;
const HOUR = 3600;
const DAY = 24 * HOUR;
const TIMES = defaultKeyTimes(30 * DAY);

function keyOf(generation: number, signsFromSeconds: number, algorithm = "ES256") {
  const key: StoredSigningKey = {
    kid: `${algorithm} ${generation}`,
    algorithm,
    generation,
    sealedJwk: "sealed",
    createdAtSeconds: signsFromSeconds - HOUR,
    signsFromSeconds,
    publishedUntilSeconds: undefined,
  };
  return key;
}

const statesAt = (keys: readonly StoredSigningKey[], nowSeconds: number) =>
  scheduleKeys(keys, TIMES, nowSeconds).map(({ state }) => state);

describe("scheduleKeys", () => {
  const two = [keyOf(1, NOW - 90 * DAY), keyOf(2, NOW)];

  it("swaps at the second that the row names: one signs before it, the other from then on", () => {
    expect(statesAt(two, NOW - 1)).to.deep.equal(["current", "next"]);
    expect(statesAt(two, NOW)).to.deep.equal(["previous", "current"]);
  });

  it("publishes a key until the last token signed with it has expired, by a clock that is a minute late", () => {
    const lastExpiry = NOW + 60 + LONGEST_TOKEN_SECONDS;
    expect(statesAt(two, lastExpiry - 1)).to.deep.equal(["previous", "current"]);
    expect(statesAt(two, lastExpiry)).to.deep.equal(["retired", "current"]);
  });

  it("remembers a key for as long as sessions last in which it signed ID tokens (OpenID Connect RP-Initiated Logout §2)", () => {
    const [first] = scheduleKeys(two, TIMES, NOW);
    expect(first?.forgottenFromSeconds).to.equal(NOW + 60 + 30 * DAY);
    const short = scheduleKeys(two, defaultKeyTimes(HOUR), NOW)[0];
    expect(short?.forgottenFromSeconds).to.equal(short?.publishedUntilSeconds);
  });

  it("stops publishing a key when its row says so", () => {
    const [first, second] = two;
    const keys = [{ ...first!, publishedUntilSeconds: NOW + 10 }, second!];
    expect(statesAt(keys, NOW + 9)).to.deep.equal(["previous", "current"]);
    expect(statesAt(keys, NOW + 10)).to.deep.equal(["retired", "current"]);
  });

  it("always has a key that signs, whatever the clock of the node says", () => {
    expect(statesAt([keyOf(1, NOW + DAY)], NOW)).to.deep.equal(["current"]);
    expect(statesAt(two, 0)).to.deep.equal(["current", "next"]);
  });

  it("holds algorithms apart, and generations that were dropped in between", () => {
    const keys = [...two, keyOf(5, NOW + HOUR), keyOf(1, NOW - DAY, "RS256")];
    expect(statesAt(keys, NOW)).to.deep.equal(["previous", "current", "next", "current"]);
  });

  it("publishes ahead for longer than caches and libraries keep the keys", () => {
    expect(TIMES.publishAheadSeconds).to.be.above(JWKS_CACHED_SECONDS + 600);
  });

  it("expects no setting that lets an access token live longer than keys are published", () => {
    const { accessTokenSeconds } = loadConfig({ ACCESS_TOKEN_EXPIRE_MINUTES: "1440" });
    expect(accessTokenSeconds).to.be.at.most(LONGEST_TOKEN_SECONDS);
    expect(() => loadConfig({ ACCESS_TOKEN_EXPIRE_MINUTES: "1441" })).to.throw();
  });
});
