/**
 * Time to listen and resident memory of the idle server, from the built code, on a first and on a
 * second start. Targets: 1000 ms, 120 MB.
 *
 *   npm run footprint
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../test/support/free-port.js";
import { spawnServer } from "../test/support/server-process.js";

const SETTLE_MS = 3000;

const directory = await mkdtemp(join(tmpdir(), "latchkey-footprint-"));
try {
  for (const start of ["first start", "second start"]) {
    const port = await freePort();
    const server = await spawnServer({ PORT: String(port), DATA_DIR: directory });
    await delay(SETTLE_MS);
    const status = await readFile(`/proc/${server.child.pid ?? 0}/status`, "utf8");
    const residentKib = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
    const residentMb = (residentKib * 1024) / 1e6;
    console.log(
      `${start}: listening after ${Math.round(server.listenMs)} ms, ${residentMb.toFixed(0)} MB resident`,
    );
    await server.stop("SIGTERM");
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
