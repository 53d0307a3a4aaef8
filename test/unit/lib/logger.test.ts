import { expect } from "chai";
import { createLogger } from "../../../src/lib/logger.js";

/** The lines that `log` writes, as objects. */
function linesOf(log: (logger: ReturnType<typeof createLogger>) => void) {
  const written: string[] = [];
  const destination = { write: (line: string) => written.push(line) };
  log(createLogger({ level: "info", format: "json", destination }));
  return written.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("the log", () => {
  it("has one JSON object a line, with its time in UTC", () => {
    const [line] = linesOf((logger) => logger.info({ clientId: "c", status: 200 }, "request"));
    expect(line).to.include({ level: 30, clientId: "c", status: 200, msg: "request" });
    expect(line?.["time"]).to.match(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it("shows no secret, at the top, in an object, in one in that, or in a list", () => {
    const secrets = { password: "hunter2", access_token: "hunter2", code: "hunter2" };
    const given = { ...secrets, a: { ...secrets, b: secrets }, list: [secrets], clientId: "c" };
    const [line] = linesOf((logger) => logger.info(given, "request"));
    const censored = { password: "[redacted]", access_token: "[redacted]", code: "[redacted]" };
    expect(line).to.deep.include({
      ...censored,
      a: { ...censored, b: censored },
      list: [censored],
      clientId: "c",
    });
  });

  it("changes nothing of the object that it is given", () => {
    const given = { token: "t", inner: { token: "t" }, list: [{ token: "t" }] };
    linesOf((logger) => logger.info(given, "request"));
    expect(given).to.deep.equal({ token: "t", inner: { token: "t" }, list: [{ token: "t" }] });
  });

  it("tells of an error with its type, message, stack and cause, without the secrets that it carries", () => {
    const cause = new Error("the socket hung up");
    const err = Object.assign(new TypeError("no answer", { cause }), {
      authorization: "Basic aHVudGVyMg==",
      headers: { cookie: "hunter2", host: "localhost" },
    });
    const [line] = linesOf((logger) => logger.error({ err, token: "t" }, "request failed"));
    const shown = line?.["err"] as Record<string, unknown>;
    expect(shown).to.deep.include({
      type: "TypeError",
      message: "no answer: the socket hung up",
      authorization: "[redacted]",
      headers: { cookie: "[redacted]", host: "localhost" },
    });
    expect(shown["stack"]).to.match(/logger\.test/);
    expect(line?.["token"]).to.equal("[redacted]");
    expect(err.authorization).to.equal("Basic aHVudGVyMg==");
  });
});
