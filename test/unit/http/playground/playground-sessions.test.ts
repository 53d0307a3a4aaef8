import { expect } from "chai";
import {
  recordStep,
  takeTurn,
  type NewStep,
} from "../../../../src/http/playground/playground-session.js";
import { createPlaygroundSessions } from "../../../../src/http/playground/playground-sessions.js";

function createMovableClock() {
  let nowMs = 1_000_000;
  return {
    nowMs: () => nowMs,
    nowSeconds: () => Math.floor(nowMs / 1000),
    advance: (ms: number) => {
      nowMs += ms;
    },
  };
}

describe("createPlaygroundSessions", () => {
  it("finds a session until it was unused for an hour", () => {
    const clock = createMovableClock();
    const sessions = createPlaygroundSessions({ clock });
    const { id } = sessions.create();
    clock.advance(3_599_999);
    expect(sessions.find(id)?.id).to.equal(id);
    clock.advance(3_599_999);
    expect(sessions.find(id)?.id).to.equal(id);
    clock.advance(3_600_000);
    expect(sessions.find(id)).to.equal(undefined);
  });

  it("drops the least recently used session when there are too many", () => {
    const sessions = createPlaygroundSessions({ clock: createMovableClock(), capacity: 2 });
    const [first, second] = [sessions.create(), sessions.create()];
    sessions.find(first.id);
    const third = sessions.create();
    expect(sessions.find(second.id)).to.equal(undefined);
    expect(sessions.find(first.id)).to.equal(first);
    expect(sessions.find(third.id)).to.equal(third);
  });

  it("finds nothing without an id, by a foreign one, or after removal", () => {
    const sessions = createPlaygroundSessions({ clock: createMovableClock() });
    const { id } = sessions.create();
    sessions.remove(id);
    for (const each of [undefined, "", "foreign", id])
      expect(sessions.find(each)).to.equal(undefined);
  });
});

describe("a playground session", () => {
  const STEP: NewStep = {
    title: "Step",
    purpose: "It is one of many.",
    request: { method: "GET", url: "https://id.example/" },
    outcome: { kind: "success", text: "It went well." },
  };

  it("keeps the last 40 steps and goes on counting", () => {
    const session = createPlaygroundSessions({ clock: createMovableClock() }).create();
    for (let i = 0; i < 41; i++) recordStep(session, STEP);
    expect(session.steps).to.have.length(40);
    expect(session.steps.at(0)?.number).to.equal(2);
    expect(session.steps.at(-1)?.number).to.equal(41);
  });

  it("takes one step after the other, whatever became of the one before", async () => {
    const session = createPlaygroundSessions({ clock: createMovableClock() }).create();
    const order: string[] = [];
    const first = takeTurn(session, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      order.push("first");
      throw new Error("went wrong");
    });
    const second = takeTurn(session, async () => order.push("second"));
    expect(await first.catch((err: Error) => err.message)).to.equal("went wrong");
    await second;
    expect(order).to.deep.equal(["first", "second"]);
  });
});
