import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { startFaultProxy } from "../support/fault-proxy.js";
import { freePort } from "../support/free-port.js";
import { requireRedis, startRedisServer, type RedisServer } from "../support/redis-servers.js";
import { runServer, spawnServer } from "../support/server-process.js";
import { describeOnEachDatabase } from "../support/stores.js";

describeOnEachDatabase(
  "a server that starts while its stores are away",
  (createDatabase, backend) => {
    if (backend.name !== "PostgreSQL") return;

    let redis: RedisServer;
    let databaseUrl: string;
    let environment: Record<string, string>;
    before(async function () {
      requireRedis(this);
      redis = await startRedisServer();
      databaseUrl = (await createDatabase()).url;
    });
    beforeEach(async () => {
      environment = {
        PORT: String(await freePort()),
        SECRET_KEY: "q7VZ0nXr4kT9sLwB2mHc8dYpJ5gFaE1uR6oI3tNx",
        DEMONSTRATION_DATA: "false",
        DATABASE_URL: databaseUrl,
        REDIS_URL: redis.url,
      };
    });
    after(() => redis?.stop());

    /** @returns the line it ended with. */
    async function expectGivingUp(changes: Record<string, string>): Promise<string> {
      const startedAtMs = performance.now();
      const port = String(await freePort());
      const { code, stdout, stderr } = await runServer({ ...environment, PORT: port, ...changes });
      expect(code).to.equal(1);
      expect(performance.now() - startedAtMs).to.be.within(10_000, 50_000);
      expect(stdout).to.include("trying for 15 s").and.not.include("hunter2");
      expect(stderr)
        .to.match(/^latchkey: [^\n]+\n$/)
        .and.not.include("hunter2");
      return stderr;
    }

    it("waits for them, then ends with which store it was, where, and what failed", async function () {
      this.timeout(180_000);
      const [database, sessions] = await Promise.all([
        expectGivingUp({ DATABASE_URL: "postgres://u:hunter2@127.0.0.1:1/latchkey" }),
        expectGivingUp({ REDIS_URL: "redis://:hunter2@127.0.0.1:1" }),
      ]);
      expect(database)
        .to.include("The database at 127.0.0.1:1/latchkey")
        .and.include("ECONNREFUSED");
      expect(sessions).to.include("Redis (redis://127.0.0.1:1)").and.include("ECONNREFUSED");
    });

    it("serves when they come in time", async function () {
      this.timeout(180_000);
      const proxies = await Promise.all([startFaultProxy(databaseUrl), startFaultProxy(redis.url)]);
      for (const proxy of proxies) await proxy.be("refuse");
      const [database, sessions] = proxies.map(({ url }) => url);
      let printed = "";
      const starting = spawnServer(
        { ...environment, DATABASE_URL: database ?? "", REDIS_URL: sessions ?? "" },
        (output) => (printed = output),
      );
      await eventually("it waits", () => /database does not answer yet/.test(printed), 30_000);
      for (const proxy of proxies) {
        await proxy.be("none");
        await delay(2_000);
      }
      const server = await starting;
      expect(await server.stop("SIGTERM")).to.equal(0);
      for (const proxy of proxies) await proxy.close();
    });

    it("ends at once when waiting can't mend it", async function () {
      this.timeout(180_000);
      const startedAtMs = performance.now();
      const wrong = `redis://nobody:hunter2@127.0.0.1:${redis.port}`;
      const { code, stdout, stderr } = await runServer({ ...environment, REDIS_URL: wrong });
      expect(code).to.equal(1);
      expect(performance.now() - startedAtMs).to.be.below(10_000);
      expect(stderr).to.include("refuses the user or password").and.not.include("hunter2");
      expect(stdout).not.to.include("hunter2");
    });
  },
);
