import { expect } from "chai";
import { createServer } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../support/free-port.js";
import { runHealthCheck, spawnServer } from "../support/server-process.js";

describe("the health check of the container", function () {
  this.timeout(180_000);
  let directory: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "latchkey-health-"));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  it("finds the server by its own settings, whatever the path and the address", async () => {
    const port = String(await freePort());
    const environment = {
      PORT: port,
      HOST: "0.0.0.0",
      ISSUER: `http://localhost:${port}/auth-server`,
      DATA_DIR: join(directory, "data"),
    };
    const server = await spawnServer(environment);
    try {
      const { HOST: _any, ...byDefault } = environment;
      for (const settings of [environment, byDefault, { ...environment, HOST: "127.0.0.1" }]) {
        expect(await runHealthCheck([], settings)).to.include({
          code: 0,
          stdout: '{"status":"live"}\n',
        });
      }
      expect(await runHealthCheck(["ready"], environment)).to.include({
        code: 0,
        stdout: '{"status":"ready"}\n',
      });
    } finally {
      await server.stop("SIGTERM");
    }
    const stopped = await runHealthCheck([], environment);
    expect(stopped.code).to.equal(1);
    expect(stopped.stdout).to.match(/^no answer from 127\.0\.0\.1: .*ECONNREFUSED/);
  });

  it("looks on port 8000, where a server without PORT listens", async () => {
    const { code, stdout } = await runHealthCheck([], { HOST: "127.0.0.99" });
    expect(code).to.equal(1);
    expect(stdout).to.match(/ 127\.0\.0\.99:8000$/m);
  });

  it("fails when the answer is not 200, and shows it", async () => {
    const answer = '{"status":"unavailable","reason":"database_unavailable"}';
    const sick = createServer((_req, res) => res.writeHead(503).end(answer));
    const port = await listenOn(sick);
    try {
      const { code, stdout } = await runHealthCheck(["ready"], { PORT: String(port) });
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: `${answer}\n` });
    } finally {
      sick.close();
    }
  });

  it("gives up on a server that hangs before its supervisor does", async () => {
    const hanging = createServer(() => {});
    const port = await listenOn(hanging);
    try {
      const startedAt = performance.now();
      const { code, stdout } = await runHealthCheck([], { PORT: String(port) });
      expect(code).to.equal(1);
      expect(stdout).to.match(/^no answer from 127\.0\.0\.1: /);
      expect(performance.now() - startedAt).to.be.below(3_000);
    } finally {
      hanging.closeAllConnections();
      hanging.close();
    }
  });
});

async function listenOn(server: ReturnType<typeof createServer>): Promise<number> {
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return port;
}
