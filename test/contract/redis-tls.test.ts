import { expect } from "chai";
import { openRedis } from "../../src/storage/open-redis.js";
import { eventually } from "../support/eventually.js";
import { startRedisCluster } from "../support/redis-cluster.js";
import { startRedisSentinels } from "../support/redis-sentinels.js";
import { requireRedis, startRedisServer, type RedisServer } from "../support/redis-servers.js";
import { rejectionOf } from "../support/stores-rejection.js";
import { createTestCertificates, type TestCertificates } from "../support/test-certificates.js";

describe("Redis with TLS", function () {
  this.timeout(120_000);

  let certificates: TestCertificates;
  let server: RedisServer;
  before(async function () {
    requireRedis(this);
    certificates = await createTestCertificates("DNS:redis.example.com,IP:127.0.0.1");
    server = await startRedisServer({ tls: certificates, password: "hunter2" });
  });
  after(async () => {
    await server?.stop();
    await certificates?.remove();
  });

  const withParameters = (parameters: string, host = "127.0.0.1") =>
    `rediss://:hunter2@${host}:${server.port}?${parameters}`;

  async function refusalOf(url: string): Promise<string> {
    const opening = openRedis(url, { startTimeoutMs: 700 }).then((redis) => redis.close());
    const err = await rejectionOf(opening);
    expect(err)
      .to.have.property("code")
      .that.matches(/^redis_un/);
    expect(String((err as Error).stack)).not.to.include("hunter2");
    return (err as Error).message;
  }

  it("is used when its certificate is trusted and names the host", async () => {
    const redis = await openRedis(withParameters(`ca=${certificates.ca}`));
    await redis.ping();
    await redis.close();
  });

  it("is refused when nobody vouches for its certificate, or the wrong authority does", async () => {
    expect(await refusalOf(withParameters("")))
      .to.include("is not trusted")
      .and.include("as ca");
    const other = await createTestCertificates("IP:127.0.0.1");
    expect(await refusalOf(withParameters(`ca=${other.ca}`))).to.include("is not trusted");
    await other.remove();
  });

  it("is refused under a name that its certificate does not have, unless that is given", async () => {
    const ca = `ca=${certificates.ca}`;
    expect(await refusalOf(withParameters(ca, "localhost"))).to.include("another name");
    const url = withParameters(`${ca}&server_name=redis.example.com`, "localhost");
    const redis = await openRedis(url);
    await redis.ping();
    await redis.close();
  });

  it("is told from a server without TLS, both ways", async () => {
    const plain = await startRedisServer();
    expect(await refusalOf(`rediss://:hunter2@127.0.0.1:${plain.port}`)).to.include("127.0.0.1");
    expect(await refusalOf(`redis://:hunter2@127.0.0.1:${server.port}`)).to.include("127.0.0.1");
    await plain.stop();
  });

  it("is refused when a file that the URL names can't be read", async () => {
    const message = await refusalOf(withParameters("ca=/nowhere/ca.pem"));
    expect(message).to.include("/nowhere/ca.pem").and.include("ENOENT");
  });

  it("shows its own certificate to a server that asks for one", async () => {
    const { ca, cert, key } = certificates;
    const strict = await startRedisServer({
      tls: certificates,
      settings: { "tls-auth-clients": "optional" },
    });
    await strict.execute("CONFIG", "SET", "tls-auth-clients", "yes");
    const url = `rediss://127.0.0.1:${strict.port}?ca=${ca}`;
    await refusalOf(url);
    const redis = await openRedis(`${url}&cert=${cert}&key=${key}`);
    await redis.ping();
    await redis.close();
    await strict.stop();
  });

  it("protects a Cluster: what tells of the nodes, and each node", async () => {
    const cluster = await startRedisCluster({ tls: certificates, password: "hunter2" });
    const redis = await openRedis(cluster.url, { issuer: "https://login.example.com" });
    await Promise.all(Array.from({ length: 50 }, (_, n) => redis.client.set(`latchkey:${n}`, n)));
    await redis.ping();
    await redis.close();
    expect(await refusalOf(cluster.url.replace(/\?.*/, ""))).to.include("is not trusted");
    await cluster.stop();
  });

  it("protects a set of sentinels: them, and the master that they name", async () => {
    const set = await startRedisSentinels({ tls: certificates, password: "hunter2" });
    const redis = await openRedis(set.url);
    await redis.ping();
    await set.sentinels[0]?.execute("SENTINEL", "FAILOVER", set.masterName);
    await new Promise((resolve) => redis.client.once("close", resolve));
    await eventually("the new master answers", () =>
      redis.ping().then(
        () => true,
        () => false,
      ),
    );
    await redis.close();
    expect(await refusalOf(set.url.replace(/\?.*/, ""))).to.include("is not trusted");
    await set.stop();
  });
});
