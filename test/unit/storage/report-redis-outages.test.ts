import { inspect } from "node:util";
import { expect } from "chai";
import { reportRedisOutages } from "../../../src/storage/report-redis-outages.js";
import { rejectionOf } from "../../support/stores-rejection.js";

/** As the client library makes them. */
function replyError(message: string): Error {
  const err = Object.assign(new Error(message), {
    command: { name: "set", args: ["latchkey:{abc}:Session:hunter2", "hunter2"] },
  });
  err.name = "ReplyError";
  return err;
}

const named = (name: string, message: string) => Object.assign(new Error(message), { name });
const coded = (code: string) => Object.assign(new Error(`connect ${code}`), { code });

function rejectedWith(failure: unknown): Promise<unknown> {
  const store = {
    async call() {
      throw failure;
    },
  };
  return rejectionOf(reportRedisOutages(store).call());
}

describe("reportRedisOutages", () => {
  it("takes for an outage what may pass, and answers 503 with when to come back", async () => {
    const outages = [
      replyError("READONLY You can't write against a read only replica."),
      replyError("OOM command not allowed when used memory > 'maxmemory'."),
      replyError("OOM command not allowed when used memory > 'maxmemory'. script: 1, on @user:1."),
      replyError(
        "ERR Error running script (call to f_1): @user_script:1: -OOM command not allowed",
      ),
      replyError("LOADING Redis is loading the dataset in memory"),
      replyError(
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
      ),
      replyError("CLUSTERDOWN The cluster is down"),
      replyError("TRYAGAIN Multiple keys request during rehashing of slot"),
      replyError("MISCONF Redis is configured to save RDB snapshots, but it's unable to persist."),
      replyError("NOREPLICAS Not enough good replicas to write."),
      replyError("BUSY Redis is busy running a script."),
      replyError("NOAUTH Authentication required."),
      replyError("WRONGPASS invalid username-password pair or user is disabled."),
      replyError("ERR max number of clients reached"),
      named("MaxRetriesPerRequestError", "Reached the max retries per request limit (which is 0)."),
      named("ClusterAllFailedError", "Failed to refresh slots cache."),
      named("AbortError", "Command aborted due to connection close"),
      new Error("Command timed out"),
      new Error("Connection is closed."),
      new Error("None of startup nodes is available"),
      new Error("Too many Cluster redirections. Last error: Error: Connection is closed."),
      ...["ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EPIPE", "EHOSTUNREACH", "ENOTFOUND"].map(
        coded,
      ),
    ];
    for (const outage of outages) {
      const err = await rejectedWith(outage);
      expect(err, outage.message).to.include({
        code: "redis_unavailable",
        status: 503,
        retryAfterSeconds: 2,
      });
      expect(inspect(err, { depth: 9, showHidden: true })).not.to.include("hunter2");
    }
  });

  it("leaves any other error one, without the keys and values of the command", async () => {
    const wrong = replyError("WRONGTYPE Operation against a key holding the wrong kind of value");
    const err = await rejectedWith(wrong);
    expect(err).to.include({ message: wrong.message }).and.not.have.property("status");
    expect(inspect(err, { depth: 9, showHidden: true })).not.to.include("hunter2");

    const unknown = replyError("ERR unknown command 'SETT', with args beginning with: 'hunter2'");
    const text = inspect(await rejectedWith(unknown), { depth: 9, showHidden: true });
    expect(text).to.include("ERR unknown command").and.not.include("hunter2");
  });

  it("leaves errors that are not of Redis as they are", async () => {
    const bug = new TypeError("Cannot read properties of undefined (reading 'x')");
    expect(await rejectedWith(bug)).to.equal(bug);
    expect(await rejectedWith("text")).to.equal("text");
  });
});
