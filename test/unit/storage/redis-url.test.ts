import { expect } from "chai";
import { parseRedisUrl } from "../../../src/storage/redis-url.js";

describe("parseRedisUrl", () => {
  const refusalOf = (url: string): string => {
    try {
      parseRedisUrl(url);
    } catch (err) {
      expect(err).to.include({ code: "redis_unusable" });
      const { message } = err as Error;
      expect(message).not.to.include("hunter2");
      return message;
    }
    throw new Error(`${url} was accepted`);
  };

  it("reads a server", () => {
    expect(parseRedisUrl("redis://127.0.0.1")).to.deep.equal({
      kind: "standalone",
      nodes: [{ host: "127.0.0.1", port: 6379 }],
      credentials: {},
      sentinelCredentials: {},
      masterName: "",
      database: 0,
      tls: undefined,
      location: "redis://127.0.0.1:6379",
    });
    const full = parseRedisUrl("redis://user:p%40s%3As%2F@redis.example.com:6380/12");
    expect(full.credentials).to.deep.equal({ username: "user", password: "p@s:s/" });
    expect(full).to.deep.include({ database: 12, location: "redis://redis.example.com:6380/12" });
    expect(parseRedisUrl("redis://:a:b@h").credentials).to.deep.equal({ password: "a:b" });
    expect(parseRedisUrl("redis://[::1]:7000/").nodes).to.deep.equal([{ host: "::1", port: 7000 }]);
    expect(parseRedisUrl("redis://[::1]").location).to.equal("redis://[::1]:6379");
  });

  it("reads sentinels, whose password is their own", () => {
    const url =
      "redis-sentinel://user:pw@a,b:26380/my%20master/2?sentinel_username=s&sentinel_password=x%3D%26";
    expect(parseRedisUrl(url)).to.deep.include({
      kind: "sentinel",
      nodes: [
        { host: "a", port: 26_379 },
        { host: "b", port: 26_380 },
      ],
      credentials: { username: "user", password: "pw" },
      sentinelCredentials: { username: "s", password: "x=&" },
      masterName: "my master",
      database: 2,
      location: "redis-sentinel://a:26379,b:26380/my%20master/2",
    });
  });

  it("reads a Cluster", () => {
    expect(parseRedisUrl("redis-cluster://:pw@a:7000,b:7001,[fd00::1]/")).to.deep.include({
      kind: "cluster",
      nodes: [
        { host: "a", port: 7000 },
        { host: "b", port: 7001 },
        { host: "fd00::1", port: 6379 },
      ],
      location: "redis-cluster://a:7000,b:7001,[fd00::1]:6379",
    });
  });

  it("reads what TLS needs", () => {
    expect(parseRedisUrl("rediss://h").tls).to.deep.equal({});
    const url = "rediss-cluster://h?ca=%2Fa.pem&cert=/b.pem&key=/c.pem&server_name=n";
    expect(parseRedisUrl(url).tls).to.deep.equal({
      caFile: "/a.pem",
      certificateFile: "/b.pem",
      keyFile: "/c.pem",
      serverName: "n",
    });
    expect(parseRedisUrl("rediss-sentinel://h/m").tls).to.deep.equal({});
  });

  it("refuses anything else in one sentence that says what to change", () => {
    const refusals: readonly [string, RegExp][] = [
      ["", /must look like redis:/],
      ["redis:", /must look like/],
      ["redis://", /must look like/],
      ["http://h", /must look like/],
      ["redis-foo://h", /must look like/],
      ["redis://:hunter2@x@h", /%40 for @/],
      ["redis://:hunter2/x@h", /must give the database|must look like|name hosts/],
      ["redis://hunter2@h", /has a user but no password/],
      ["redis://:hunter2%@h", /%25/],
      ["redis://h:0", /host:port/],
      ["redis://h:65536", /host:port/],
      ["redis://h:x", /host:port/],
      ["redis://::1", /IPv6 in brackets/],
      ["redis://a,b", /one host only/],
      ["redis://h/x", /database as a number/],
      ["redis://h/-1", /database as a number/],
      ["redis://h/1/2", /must end with the number/],
      ["redis-cluster://h/1", /a Cluster has one/],
      ["redis-sentinel://h", /must name the master/],
      ["redis-sentinel://h/", /must name the master/],
      ["redis-sentinel://h/m/1/2", /must name the master/],
      ["redis://h?ca=/x", /unknown parameter.*has none/],
      ["rediss://h?password=hunter2", /unknown parameter.*may have ca, cert, key, server_name/],
      ["redis-cluster://h?sentinel_password=hunter2", /unknown parameter/],
      ["rediss://h?cert=/x", /both cert and key/],
    ];
    for (const [url, pattern] of refusals) expect(refusalOf(url), url).to.match(pattern);
  });
});
