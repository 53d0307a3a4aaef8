import { createServer, connect, type AddressInfo, type Socket } from "node:net";

/** A TCP proxy before Redis that counts how often the server asks and waits. */
export interface RoundTripCounter {
  readonly url: string;
  /** How often something was asked since the last call; what is sent before an answer is one time. */
  take(): number;
  close(): Promise<void>;
}

/** `PING` of the connection's heartbeat: nobody waits for it. */
const HEARTBEAT = /^\*1\r\n\$4\r\nping\r\n$/i;

export async function countRoundTrips(redisUrl: string): Promise<RoundTripCounter> {
  const target = new URL(redisUrl);
  let trips = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const redis = connect(Number(target.port || 6379), target.hostname);
    let isWaiting = false;
    client.setNoDelay().on("data", (chunk: Buffer) => {
      if (!isWaiting && !HEARTBEAT.test(chunk.toString("latin1"))) {
        trips++;
        isWaiting = true;
      }
      redis.write(chunk);
    });
    redis.setNoDelay().on("data", (chunk: Buffer) => {
      isWaiting = false;
      client.write(chunk);
    });
    for (const socket of [client, redis]) {
      sockets.add(socket);
      socket
        .on("error", () => {})
        .on("close", () => {
          client.destroy();
          redis.destroy();
        });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = new URL(redisUrl);
  url.host = `127.0.0.1:${port}`;
  return {
    url: url.href,
    take() {
      const taken = trips;
      trips = 0;
      return taken;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
