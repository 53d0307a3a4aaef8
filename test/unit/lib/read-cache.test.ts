import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import type { ChangeFeed, ChangeListener } from "../../../src/lib/change-feed.js";
import { createReadCache } from "../../../src/lib/read-cache.js";

interface Row {
  readonly name: string;
  readonly nested: { readonly list: readonly number[] };
}

const row = (name: string): Row => ({ name, nested: { list: [1, 2] } });

/** A table whose reads end when the test says so, a clock, and a feed that the test speaks through. */
function setUp({ fed = true, maxEntries = 100 } = {}) {
  const rows = new Map<string, Row>();
  const waiting: (() => void)[] = [];
  const listeners: ChangeListener[] = [];
  const state = { now: 1_000_000, current: true, reads: 0, held: false, failing: false };
  const feed: ChangeFeed = {
    isCurrent: () => state.current,
    subscribe: (listener) => void listeners.push(listener),
    close: async () => {},
  };
  const cache = createReadCache<Row>({
    table: "thing",
    changes: fed ? feed : undefined,
    maxEntries,
    nowMs: () => state.now,
    async read(key) {
      state.reads++;
      const found = rows.get(key);
      if (state.held) await new Promise<void>((resolve) => waiting.push(resolve));
      if (state.failing) throw new Error("down");
      return found === undefined ? undefined : structuredClone(found);
    },
  });
  return {
    cache,
    rows,
    state,
    release: () => waiting.splice(0).forEach((resolve) => resolve()),
    tell: (key: string | undefined, table = "thing") =>
      listeners.forEach((listener) => listener.changed({ table, key })),
    interrupt: () => listeners.forEach((listener) => listener.missed()),
  };
}

describe("createReadCache", () => {
  it("gives what it read for five seconds, and then reads again", async () => {
    const { cache, rows, state } = setUp();
    rows.set("a", row("first"));
    for (let call = 0; call < 10; call++) await cache.find("a");
    state.now += 4_999;
    rows.set("a", row("second"));
    expect(await cache.find("a")).to.include({ name: "first" });
    expect(state.reads).to.equal(1);
    state.now += 1;
    expect(await cache.find("a")).to.include({ name: "second" });
    expect(state.reads).to.equal(2);
  });

  it("counts the age from the start of the read, however long that took", async () => {
    const { cache, rows, state, release } = setUp();
    rows.set("a", row("first"));
    state.held = true;
    const slow = cache.find("a");
    state.now += 4_000;
    release();
    await slow;
    state.held = false;
    state.now += 1_000;
    await cache.find("a");
    expect(state.reads).to.equal(2);
  });

  it("reads again as soon as a change is told, and what was told of no other row", async () => {
    const { cache, rows, state, tell } = setUp();
    rows.set("a", row("first")).set("b", row("other"));
    await Promise.all([cache.find("a"), cache.find("b")]);
    rows.set("a", row("second"));
    tell("a", "another table");
    expect(await cache.find("a")).to.include({ name: "first" });
    tell("a");
    expect(await cache.find("a")).to.include({ name: "second" });
    await cache.find("b");
    expect(state.reads).to.equal(3);
  });

  for (const [what, forgetAll] of [
    ["a change of any number of rows", ({ tell }: ReturnType<typeof setUp>) => tell(undefined)],
    ["a gap in what is told", ({ interrupt }: ReturnType<typeof setUp>) => interrupt()],
  ] as const) {
    it(`forgets everything after ${what}`, async () => {
      const set = setUp();
      set.rows.set("a", row("first")).set("b", row("first"));
      await Promise.all([set.cache.find("a"), set.cache.find("b")]);
      set.rows.set("a", row("second")).set("b", row("second"));
      forgetAll(set);
      expect(await set.cache.find("a")).to.include({ name: "second" });
      expect(await set.cache.find("b")).to.include({ name: "second" });
    });

    it(`does not keep what was being read at ${what}`, async () => {
      const set = setUp();
      set.rows.set("a", row("first"));
      set.state.held = true;
      const early = set.cache.find("a");
      set.rows.set("a", row("second"));
      forgetAll(set);
      const late = set.cache.find("a");
      set.release();
      expect(await early).to.include({ name: "first" });
      expect(await late).to.include({ name: "second" });
      expect(await set.cache.find("a")).to.include({ name: "second" });
    });
  }

  it("does not keep what was being read when its change was told, whichever read ends last", async () => {
    for (const order of ["early first", "late first"]) {
      const { cache, rows, state, tell, release } = setUp();
      rows.set("a", row("first"));
      state.held = true;
      const early = cache.find("a");
      tell("a");
      rows.set("a", row("second"));
      if (order === "early first") {
        release();
        await early;
        const late = cache.find("a");
        release();
        expect(await late, order).to.include({ name: "second" });
      } else {
        state.held = false;
        expect(await cache.find("a"), order).to.include({ name: "second" });
        release();
        expect(await early, order).to.include({ name: "first" });
      }
      state.held = false;
      expect(await cache.find("a"), order).to.include({ name: "second" });
    }
  });

  it("shares one read among those who ask at once", async () => {
    const { cache, rows, state, release } = setUp();
    rows.set("a", row("first"));
    state.held = true;
    const calls = Array.from({ length: 50 }, () => cache.find("a"));
    release();
    const found = await Promise.all(calls);
    expect(new Set(found).size).to.equal(1);
    expect(state.reads).to.equal(1);
  });

  it("does not wait for a read that is slow: a row may be new since", async () => {
    const { cache, rows, state, release } = setUp();
    state.held = true;
    const early = cache.find("a");
    state.now += 500;
    rows.set("a", row("new"));
    const late = cache.find("a");
    release();
    expect(await early).to.equal(undefined);
    expect(await late).to.include({ name: "new" });
  });

  it("keeps neither errors nor what is not there", async () => {
    const { cache, rows, state } = setUp();
    state.failing = true;
    const errors = await Promise.allSettled([cache.find("a"), cache.find("a")]);
    expect(errors.map(({ status }) => status)).to.deep.equal(["rejected", "rejected"]);
    expect(state.reads).to.equal(1);
    state.failing = false;
    expect(await cache.find("a")).to.equal(undefined);
    rows.set("a", row("new"));
    expect(await cache.find("a")).to.include({ name: "new" });
    expect(state.reads).to.equal(3);
  });

  it("forgets a row that is gone", async () => {
    const { cache, rows, state } = setUp();
    rows.set("a", row("first"));
    await cache.find("a");
    rows.delete("a");
    state.now += 5_000;
    expect(await cache.find("a")).to.equal(undefined);
    expect(await cache.find("a")).to.equal(undefined);
    expect(state.reads).to.equal(3);
  });

  it("keeps rows for half a second while the feed is not current, and no longer", async () => {
    const { cache, rows, state } = setUp();
    rows.set("a", row("first"));
    await cache.find("a");
    rows.set("a", row("second"));
    state.now += 499;
    state.current = false;
    expect(await cache.find("a")).to.include({ name: "first" });
    state.now += 1;
    expect(await cache.find("a")).to.include({ name: "second" });
    expect(state.reads).to.equal(2);
  });

  it("reads every time without a feed, also at once", async () => {
    const { cache, rows, state } = setUp({ fed: false });
    rows.set("a", row("first"));
    await Promise.all([cache.find("a"), cache.find("a")]);
    await cache.find("a");
    expect(state.reads).to.equal(3);
  });

  for (const fed of [true, false]) {
    it(`gives the same object for as long as the row is equal, ${fed ? "with" : "without"} a feed`, async () => {
      const { cache, rows, state } = setUp({ fed });
      rows.set("a", row("first"));
      const first = await cache.find("a");
      state.now += 5_000;
      expect(await cache.find("a")).to.equal(first);
      expect(state.reads).to.equal(2);
      rows.set("a", { ...row("first"), nested: { list: [1, 3] } });
      state.now += 5_000;
      const second = await cache.find("a");
      expect(second).not.to.equal(first);
      expect(second?.nested.list).to.deep.equal([1, 3]);
    });
  }

  describe("refreshing", () => {
    /** The timer is real, the clock by which it judges is the test's. */
    const TICK_MS = 300;

    it("reads what is in use before it is too old, so that nobody waits", async () => {
      const { cache, rows, state } = setUp();
      for (const key of ["a", "b"]) rows.set(key, row(key));
      const first = await Promise.all([cache.find("a"), cache.find("b")]);
      state.now += 2_999;
      await delay(TICK_MS);
      expect(state.reads).to.equal(2);
      rows.set("b", row("second"));
      state.now += 1;
      await delay(TICK_MS);
      expect(state.reads).to.equal(4);
      state.now += 4_999;
      expect(await cache.find("a")).to.equal(first[0]);
      expect(await cache.find("b")).to.include({ name: "second" });
      expect(state.reads).to.equal(4);
    });

    it("leaves what nobody has asked for in a minute", async () => {
      const { cache, rows, state } = setUp();
      for (const key of ["a", "b"]) rows.set(key, row(key));
      await cache.find("a");
      state.now += 60_001;
      await cache.find("b");
      await delay(TICK_MS);
      expect(state.reads).to.equal(2);
      state.now += 3_000;
      await delay(TICK_MS);
      expect(state.reads).to.equal(3);
    });

    it("leaves all while the feed is not current", async () => {
      const { cache, rows, state } = setUp();
      rows.set("a", row("first"));
      await cache.find("a");
      state.now += 3_000;
      state.current = false;
      await delay(TICK_MS);
      expect(state.reads).to.equal(1);
      state.current = true;
      await delay(TICK_MS);
      expect(state.reads).to.equal(2);
    });

    it("keeps nothing that changes meanwhile, and outlives a failure", async () => {
      const { cache, rows, state, tell, release } = setUp();
      rows.set("a", row("first"));
      await cache.find("a");
      state.now += 3_000;
      state.held = true;
      await delay(2 * TICK_MS);
      expect(state.reads, "one read at a time").to.equal(2);
      rows.set("a", row("second"));
      tell("a");
      state.held = false;
      release();
      expect(await cache.find("a")).to.include({ name: "second" });

      state.now += 3_000;
      state.failing = true;
      await delay(TICK_MS);
      expect(await cache.find("a")).to.include({ name: "second" });
      state.failing = false;
      await delay(TICK_MS);
      state.now += 4_000;
      await cache.find("a");
      expect(state.reads).to.equal(5);
    });
  });

  it("gives what nobody can change, to everybody", async () => {
    const { cache, rows, state, tell, release } = setUp();
    rows.set("a", row("first"));
    const expectFrozen = (found: Row = row("none")) => {
      expect(() => Object.assign(found, { name: "mine" })).to.throw(TypeError);
      expect(() => (found.nested.list as number[]).push(3)).to.throw(TypeError);
    };
    state.held = true;
    const dropped = cache.find("a");
    tell("a");
    release();
    expectFrozen(await dropped);
    state.held = false;
    expectFrozen(await cache.find("a"));
    expectFrozen(await cache.find("a"));
    expect(await cache.find("a")).to.deep.equal(row("first"));
  });

  it("keeps so many rows and no more: those that were read last", async () => {
    const { cache, rows, state } = setUp({ maxEntries: 3 });
    for (const key of ["a", "b", "c", "d"]) {
      rows.set(key, row(key));
      await cache.find(key);
    }
    expect(state.reads).to.equal(4);
    for (const key of ["b", "c", "d"]) await cache.find(key);
    expect(state.reads).to.equal(4);
    await cache.find("a");
    expect(state.reads).to.equal(5);
  });

  it("keeps its rows through any number of keys that are not there", async () => {
    const { cache, rows, state } = setUp({ maxEntries: 3 });
    rows.set("a", row("first"));
    await cache.find("a");
    for (let index = 0; index < 1000; index++) await cache.find(`unknown ${index}`);
    await cache.find("a");
    expect(state.reads).to.equal(1001);
  });

  for (const outcome of ["done", "lost"]) {
    it(`has forgotten a row when a write to it is ${outcome}, and what was being read`, async () => {
      const { cache, rows, state, release } = setUp();
      rows.set("a", row("first")).set("b", row("other"));
      await cache.find("b");
      state.held = true;
      const early = cache.find("a");
      const written = cache.write("a", async () => {
        rows.set("a", row("second"));
        // As when the connection is lost before the answer to a commit.
        if (outcome === "lost") throw new Error("answer lost");
        return "result";
      });
      const result = await written.catch((err: Error) => err.message);
      expect(result).to.equal(outcome === "lost" ? "answer lost" : "result");
      release();
      await early;
      state.held = false;
      expect(await cache.find("a")).to.include({ name: "second" });
      await cache.find("b");
      expect(state.reads).to.equal(3);
    });
  }
});
