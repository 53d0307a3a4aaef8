import { expect } from "chai";
import { createIndexPermutation } from "../../../src/tokens/status-list-permutation.js";

const CAPACITY = 2 ** 17;

function indicesOf(seed: string, capacity = CAPACITY): number[] {
  const indexOf = createIndexPermutation(seed, capacity);
  return Array.from({ length: capacity }, (_, counter) => indexOf(counter));
}

/** Of numbers in random order about half are greater than the one before; this is how far off it is. */
function deviationOfRises(numbers: readonly number[]): number {
  const rises = numbers.filter((number, at) => number > (numbers[at - 1] ?? Infinity)).length;
  const pairs = numbers.length - 1;
  return Math.abs(rises - pairs / 2) / Math.sqrt(pairs / 12);
}

/** Of the distances between neighbours, by sixteenths of the list: chi squared with 15 degrees of freedom. */
function chiSquaredOfSteps(numbers: readonly number[], capacity: number): number {
  const counts = Array.from({ length: 16 }, () => 0);
  for (const [at, number] of numbers.slice(1).entries()) {
    const step = (number - (numbers[at] ?? 0) + capacity) % capacity;
    const bin = Math.floor((step * 16) / capacity);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const expected = (numbers.length - 1) / 16;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe("the order of the indices of a status list", () => {
  for (const capacity of [8, 16, 32, 1024, CAPACITY]) {
    it(`gives each of ${capacity} indices once`, () => {
      const indices = indicesOf("seed", capacity);
      expect(indices.every((index) => index >= 0 && index < capacity)).to.equal(true);
      expect(new Set(indices).size).to.equal(capacity);
    });
  }

  it("is the same for everybody who knows the seed", () => {
    expect(indicesOf("seed").slice(0, 4)).to.deep.equal(indicesOf("seed").slice(0, 4));
    // Nodes of two versions give out indices of one list: the function may never change.
    const first = indicesOf("seed", 64).slice(0, 8);
    expect(first).to.deep.equal([51, 58, 31, 18, 6, 61, 12, 63]);
  });

  it("differs between lists in nearly every place", () => {
    const [one, other] = [indicesOf("seed one"), indicesOf("seed two")];
    const same = one.filter((index, at) => index === other[at]).length;
    // One is expected by chance.
    expect(same).to.be.below(10);
  });

  it("is not monotone, and steps from one index to the next tell nothing (§12.4)", () => {
    // Fixed seeds: what is measured is the same in every run. 4.5 sigma; p < 0.0001.
    for (const seed of ["a", "b", "c", "d"]) {
      const indices = indicesOf(seed);
      expect(deviationOfRises(indices), seed).to.be.below(4.5);
      expect(chiSquaredOfSteps(indices, CAPACITY), seed).to.be.below(44);
      const consecutive = indices.filter(
        (index, at) => Math.abs(index - (indices[at - 1] ?? -9)) === 1,
      );
      // Two are expected by chance.
      expect(consecutive.length, seed).to.be.below(15);
    }
  });

  it("tells nothing by its first thousand either", () => {
    const first = indicesOf("e").slice(0, 1000);
    expect(deviationOfRises(first)).to.be.below(4.5);
    expect(chiSquaredOfSteps(first, CAPACITY)).to.be.below(44);
    const inFirstHalf = first.filter((index) => index < CAPACITY / 2).length;
    expect(inFirstHalf).to.be.within(430, 570);
  });

  it("would notice an order that is no secret", () => {
    const sequence = Array.from({ length: 1000 }, (_, counter) => counter);
    const stride = sequence.map((counter) => (counter * 40_503) % CAPACITY);
    expect(deviationOfRises(sequence)).to.be.above(4.5);
    expect(chiSquaredOfSteps(stride, CAPACITY)).to.be.above(44);
  });

  it("refuses sizes that are no power of two", () => {
    for (const capacity of [0, 4, 12, 1000, 2 ** 25, Number.NaN]) {
      expect(() => createIndexPermutation("seed", capacity), String(capacity)).to.throw(RangeError);
    }
  });
});
