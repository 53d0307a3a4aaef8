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

  it("makes values of base64url of the length that was asked for", () => {
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

describe("createModelValues while SECRET_KEY changes", () => {
  const [oldKey, newKey] = [randomBytes(32), randomBytes(32)];
  const before = createModelValues(oldKey);
  const prepared = createModelValues(oldKey, newKey);
  const swapped = createModelValues(newKey, oldKey);
  const after = createModelValues(newKey);

  it("leads to the partition of values that were made under either key", () => {
    for (const [maker, finder] of [
      [before, prepared],
      [prepared, before],
      [before, swapped],
      [prepared, swapped],
      [swapped, prepared],
      [swapped, after],
      [after, swapped],
    ] as const) {
      const found = Array.from({ length: 200 }, () => finder.partitionOf(maker.create("xyz", 32)));
      expect(new Set(found)).to.deep.equal(new Set(["xyz"]));
    }
  });

  it("unveils the ids that were veiled under either key", () => {
    for (const [maker, finder] of [
      [before, before],
      [before, swapped],
      [swapped, prepared],
      [swapped, after],
    ] as const) {
      const id = `xyz${randomBytes(32).toString("base64url")}`;
      expect(finder.unveil(maker.veil(id))).to.equal(id);
      expect(maker.veil(id)).to.equal(maker.veil(id)).and.not.match(/^xyz/);
    }
  });

  it("leads there from values of before marks, which are older than the change", () => {
    // As they were made: only random characters behind the partition.
    const random = randomBytes(32).toString("base64url");
    const value = before.partitionOf(`xyz${random}`) + random;
    expect(before.partitionOf(value)).to.equal("xyz");
    expect(swapped.partitionOf(value)).to.equal("xyz");
  });

  it("finds a user code under either key, and keeps the one that its device code was made under", () => {
    const stored = before.userCodeAtRest("BCDFGHJK");
    expect(swapped.userCodesAtRest("BCDFGHJK")).to.deep.equal([
      after.userCodeAtRest("BCDFGHJK"),
      stored,
    ]);
    const deviceCode = before.create(partitionOf(stored), 32);
    expect(swapped.userCodeAtRest("BCDFGHJK", deviceCode)).to.equal(stored);
    expect(swapped.userCodeAtRest("BCDFGHJK")).to.equal(after.userCodeAtRest("BCDFGHJK"));
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
