import { spawnSync } from "node:child_process";
import { setImmediate as endOfTurn } from "node:timers/promises";
import { expect } from "chai";
import { createLineBuffer } from "../../../src/lib/line-buffer.js";

describe("createLineBuffer", () => {
  it("writes the lines of one turn at its end, in one go and in their order", async () => {
    const writes: string[] = [];
    const buffer = createLineBuffer({ write: (text) => void writes.push(text) });
    buffer.write("one\n");
    buffer.write("two\n");
    expect(writes).to.deep.equal([]);
    await endOfTurn();
    expect(writes).to.deep.equal(["one\ntwo\n"]);
    buffer.write("three\n");
    await endOfTurn();
    expect(writes).to.deep.equal(["one\ntwo\n", "three\n"]);
  });

  it("goes on after lines that could not be written, and says that they are lost", async () => {
    const writes: string[] = [];
    let broken = true;
    const buffer = createLineBuffer({
      write(text) {
        if (broken) throw new Error("no space left on device");
        writes.push(text);
      },
    });
    const warned = new Promise((resolve) => process.once("warning", resolve));
    buffer.write("lost\n");
    expect(await warned).to.include({ message: "lines of the log are lost" });
    broken = false;
    buffer.write("kept\n");
    await endOfTurn();
    expect(writes).to.deep.equal(["kept\n"]);
  });

  for (const [end, how] of [
    ["process.exit(0)", "ends"],
    ["throw new Error('a bug')", "ends by an error"],
  ] as const) {
    it(`loses no line of a process that ${how}`, () => {
      const logger = JSON.stringify(new URL("../../../src/lib/logger.js", import.meta.url));
      const script = `
        import { createLogger } from ${logger};
        createLogger({ level: "info", format: "json" }).info("the last line");
        ${end}`;
      const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script]);
      expect(JSON.parse(String(stdout))).to.include({ msg: "the last line" });
    });
  }
});
