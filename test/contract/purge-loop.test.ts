import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { startPurgeLoop } from "../../src/storage/purge-loop.js";

describe("startPurgeLoop", () => {
  function setUp(purge: (batchSize: number) => Promise<number>) {
    const warnings: { fields: unknown; text: string }[] = [];
    const state = { calls: 0, running: 0, overlapped: false };
    const loop = startPurgeLoop({
      stores: [
        {
          async purgeExpired(batchSize) {
            state.calls++;
            if (state.running++ > 0) state.overlapped = true;
            try {
              return await purge(batchSize);
            } finally {
              state.running--;
            }
          },
        },
      ],
      logger: {
        warn: (fields: unknown, text: string) => void warnings.push({ fields, text }),
      } as never,
      intervalMs: 10,
      batchSize: 100,
    });
    return { loop, state, warnings };
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await sleep(1);
  }

  it("sweeps batch after batch until one is not full, then waits for the interval", async () => {
    const batches = [100, 100, 40];
    const started = performance.now();
    const { loop, state } = setUp(async (batchSize) => {
      expect(batchSize).to.equal(100);
      return batches.shift() ?? 0;
    });
    await until(() => state.calls === 3);
    expect(batches).to.deep.equal([]);
    await until(() => state.calls > 3);
    expect(performance.now() - started).to.be.at.least(9);
    await loop.stop();
  });

  it("never overlaps, however long a step takes", async () => {
    const { loop, state } = setUp(async () => (await sleep(30), 0));
    await until(() => state.calls === 4);
    await loop.stop();
    expect(state.overlapped).to.equal(false);
  });

  it("logs a failure and goes on", async () => {
    const failure = new Error("database gone");
    let failures = 2;
    const { loop, state, warnings } = setUp(async () => {
      if (failures-- > 0) throw failure;
      return 0;
    });
    await until(() => state.calls > 2);
    await loop.stop();
    const logged = warnings.map(({ fields }) => fields);
    expect(logged).to.deep.equal([{ err: failure }, { err: failure }]);
  });

  it("sweeps the next store although one fails", async () => {
    let swept = 0;
    const loop = startPurgeLoop({
      stores: [
        { purgeExpired: () => Promise.reject(new Error("locked")) },
        { purgeExpired: async () => (swept++, 0) },
      ],
      logger: { warn() {} } as never,
      intervalMs: 10,
      batchSize: 100,
    });
    await until(() => swept > 1);
    await loop.stop();
  });

  it("waits for the step under way when stopped, and does no other", async () => {
    const { loop, state } = setUp(async () => (await sleep(30), 100));
    await loop.stop();
    expect(state).to.include({ running: 0, calls: 1 });
    await sleep(50);
    expect(state.calls).to.equal(1);
    await loop.stop();
  });

  it("does not sweep again when stopped between two sweeps", async () => {
    const { loop, state } = setUp(async () => 0);
    await until(() => state.calls === 2);
    await loop.stop();
    const { calls } = state;
    await sleep(50);
    expect(state.calls).to.equal(calls);
  });
});
