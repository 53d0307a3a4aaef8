import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { createModelValues } from "../../../src/oidc/model-values.js";
import { partitionOf, partitionOfAccount } from "../../../src/oidc/partition.js";

describe("createModelValues", () => {
  const key = randomBytes(32);
  const values = createModelValues(key);

  it("leads to the partition that a value was made for", () => {
    for (const partition of ["AAA", "___", "zZ9", "-0a"]) {
      expect(values.partitionOf(values.create(partition, 32))).to.equal(partition);
    }
  });

  it("leads there on every node, which has the same key", () => {
    const value = values.create("xyz", 32);
    expect(createModelValues(key).partitionOf(value)).to.equal("xyz");
    const others = Array.from({ length: 20 }, () =>
      createModelValues(randomBytes(32)).partitionOf(values.create("xyz", 32)),
    );
    expect(others.some((partition) => partition !== "xyz")).to.equal(true);
  });

  it("shows nobody else that two values are of one account (OpenID Connect Core §8.1)", () => {
    const heads = Array.from({ length: 200 }, () => partitionOf(values.create("xyz", 32)));
    expect(new Set(heads).size).to.be.above(190);
  });

  it("makes values of base64url with all the random bytes that were asked for", () => {
    expect(values.create("xyz", 32)).to.match(/^[A-Za-z0-9_-]{46}$/);
    expect(values.create("xyz", 33)).to.match(/^[A-Za-z0-9_-]{47}$/);
    expect(values.create("xyz", 32)).not.to.equal(values.create("xyz", 32));
  });

  it("hides user codes under the key, always the same way", () => {
    const code = values.userCodeAtRest("BCDFGHJK");
    expect(code).to.match(/^[A-Za-z0-9_-]{43}$/);
    expect(createModelValues(key).userCodeAtRest("BCDFGHJK")).to.equal(code);
    expect(createModelValues(randomBytes(32)).userCodeAtRest("BCDFGHJK")).not.to.equal(code);
  });
});

describe("partitionOfAccount", () => {
  it("spreads accounts evenly, whatever their ids have in common", () => {
    const counts = new Map<string, number>();
    for (let account = 0; account < 64_000; account++) {
      const first = partitionOfAccount(`acct_${account}`).charAt(0);
      counts.set(first, (counts.get(first) ?? 0) + 1);
    }
    expect(counts.size).to.equal(64);
    for (const count of counts.values()) expect(count).to.be.within(850, 1150);
  });
});
