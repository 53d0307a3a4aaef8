import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApp } from "../../src/app.js";
import { openDeployment } from "../../src/deployment.js";
import { loadConfig } from "../../src/config/load-config.js";
import { listen } from "../../src/http/listen.js";
import { systemClock } from "../../src/lib/clock.js";
import { createLogger } from "../../src/lib/logger.js";
import { freePort } from "./free-port.js";
import { PASSWORD, type TestServer } from "./test-server.js";

export interface UnwritableLogServer extends TestServer {
  /** From now on, every attempt to write a log line throws. */
  breakLog(): void;
  /** How many lines could not be written. */
  lostLines(): number;
}

/** A server whose log fails, as on a full disk. */
export async function startUnwritableLogServer(): Promise<UnwritableLogServer> {
  const port = await freePort();
  const dataDirectory = await mkdtemp(join(tmpdir(), "latchkey-test-"));
  const config = loadConfig({
    PORT: String(port),
    DATA_DIR: dataDirectory,
    SECRET_KEY: "a test secret of more than thirty-two characters",
  });
  const deployment = await openDeployment(config);
  let broken = false;
  let lost = 0;
  const destination = {
    write() {
      if (!broken) return;
      lost++;
      throw new Error("no space left on device");
    },
  };
  const logger = createLogger({ level: "debug", format: "json", destination });
  const app = await createApp({ config, ...deployment, clock: systemClock, logger });
  await app.createAccount({
    username: "ada",
    email: undefined,
    emailVerified: false,
    profile: {},
    password: PASSWORD,
  });
  const listener = await listen({ ...config, handler: app.handler });
  return {
    issuer: config.issuer,
    config,
    app,
    database: deployment.database,
    logs: [],
    username: "ada",
    password: PASSWORD,
    breakLog: () => {
      broken = true;
    },
    lostLines: () => lost,
    async close() {
      await listener.drain(50);
      await app.close();
      await deployment.close();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}
