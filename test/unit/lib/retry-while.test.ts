import { expect } from "chai";
import { retryWhile } from "../../../src/lib/retry-while.js";
import { rejectionOf } from "../../support/stores-rejection.js";

describe("retryWhile", () => {
  const failing = (failures: number) => {
    let calls = 0;
    const work = async () => {
      calls++;
      if (calls <= failures) throw new Error(`failure ${calls}`);
      return calls;
    };
    return { work, calls: () => calls };
  };

  it("gives what succeeds at last, and tells of the first failure only", async () => {
    const told: unknown[] = [];
    const { work } = failing(2);
    const result = await retryWhile(work, {
      isPassing: () => true,
      timeoutMs: 5_000,
      onFirstFailure: (err) => told.push(err),
    });
    expect(result).to.equal(3);
    expect(told).to.have.length(1).and.have.nested.property("[0].message", "failure 1");
  });

  it("gives up when the time is up, with the last failure", async () => {
    const { work, calls } = failing(100);
    const startedAtMs = performance.now();
    const err = await rejectionOf(retryWhile(work, { isPassing: () => true, timeoutMs: 1_200 }));
    expect(performance.now() - startedAtMs).to.be.within(400, 3_000);
    expect(err).to.have.property("message", `failure ${calls()}`);
  });

  it("gives up at once when it won't pass", async () => {
    const { work, calls } = failing(100);
    await rejectionOf(retryWhile(work, { isPassing: () => false, timeoutMs: 5_000 }));
    expect(calls()).to.equal(1);
  });
});
