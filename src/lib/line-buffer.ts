import type { DestinationStream } from "pino";

/**
 * Writes all lines of a turn of the event loop at its end, in one go: a write takes the system longer
 * than all else that a line costs, and nearly the same for many lines as for one.
 *
 * A process that ends by itself, an uncaught error included, loses no line. One that is killed may
 * lose those of its last turn.
 *
 * @param destination writes synchronously.
 */
export function createLineBuffer(destination: DestinationStream): DestinationStream {
  let lines = "";

  function flush(): void {
    const written = lines;
    lines = "";
    if (written === "") return;
    try {
      destination.write(written);
    } catch (err) {
      // Nobody called for it: what it throws would end the process.
      process.emitWarning("lines of the log are lost", { detail: String(err) });
    }
  }

  process.once("exit", flush);
  return {
    write(line) {
      if (lines === "") setImmediate(flush);
      lines += line;
    },
  };
}
