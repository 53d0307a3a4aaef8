import { expect } from "chai";
import { PasswordHashingOverloadedError } from "../../../src/accounts/password-hashing-overloaded-error.js";
import {
  createPasswordHashingPool,
  type PasswordHashingPool,
} from "../../../src/accounts/password-hashing-pool.js";
import { rejectionOf } from "./rejection-of.js";

const WORKER_URL = new URL("./password-hashing-pool.fixture.js", import.meta.url);

describe("the password hashing pool", () => {
  let pool: PasswordHashingPool<string, string> | undefined;

  function open(limits: { concurrency: number; queueLength: number }, workerUrl = WORKER_URL) {
    pool = createPasswordHashingPool({ workerUrl, workerData: undefined, ...limits });
    return pool;
  }

  afterEach(() => pool?.close());

  for (const concurrency of [1, 2]) {
    it(`refuses at once what exceeds ${concurrency} running and 3 waiting (ASVS 15.2.2)`, async () => {
      const { run } = open({ concurrency, queueLength: 3 });
      const admitted = Array.from({ length: concurrency + 3 }, () => run("wait"));
      let isAnyDone = false;
      const watched = admitted.map(async (task) => {
        await task;
        isAnyDone = true;
      });
      const error = await rejectionOf(run("wait"));
      expect(isAnyDone).to.equal(false);
      expect(error).to.be.instanceOf(PasswordHashingOverloadedError);
      expect(error).to.include({ code: "temporarily_unavailable", status: 503 });
      expect(error).to.include({ retryAfterSeconds: 2 });
      await Promise.all(watched);
      expect(await run("answer")).to.equal("answer");
    });
  }

  it("hands on what a task throws, and goes on", async () => {
    const { run } = open({ concurrency: 1, queueLength: 3 });
    const [thrown, answer] = await Promise.all([rejectionOf(run("throw")), run("answer")]);
    expect(thrown).to.be.instanceOf(Error).and.include({ message: "thrown in the worker" });
    expect(answer).to.equal("answer");
  });

  it("survives the death of a thread: its task fails, later ones do not", async () => {
    const { run } = open({ concurrency: 1, queueLength: 3 });
    expect(await rejectionOf(run("exit"))).to.be.instanceOf(Error);
    expect(await run("answer")).to.equal("answer");
  });

  it("fails all that waits when no thread can start, instead of hanging", async () => {
    const absent = new URL("./no-such-module.js", WORKER_URL);
    const { run } = open({ concurrency: 2, queueLength: 8 }, absent);
    for (const round of [1, 2]) {
      const errors = await Promise.all(Array.from({ length: 8 }, () => rejectionOf(run("answer"))));
      for (const error of errors) expect(error, `round ${round}`).to.be.instanceOf(Error);
    }
  });

  it("finishes what was admitted when it closes, and admits no more", async () => {
    const { run, close } = open({ concurrency: 1, queueLength: 3 });
    const admitted = [run("wait"), run("answer"), run("wait")];
    const closed = close();
    expect(await rejectionOf(run("answer"))).to.be.instanceOf(PasswordHashingOverloadedError);
    expect(await Promise.all(admitted)).to.deep.equal(["wait", "answer", "wait"]);
    await closed;
    await close();
  });

  it("closes when it was never used", async () => {
    await open({ concurrency: 1, queueLength: 3 }).close();
  });
});
