import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A message of the server: a byte of type, then its length, itself included, in four bytes. */
const TYPE_BYTES = 1;
const NOTIFICATION = "A".charCodeAt(0);

/** Forwards to the PostgreSQL at `url` all but notifications, as poolers do in transaction mode. */
export async function startMuteProxy(url: string) {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(target.port || 5432), target.hostname);
    let pending = Buffer.alloc(0);
    near.pipe(far);
    far.on("data", (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      for (;;) {
        if (pending.length < TYPE_BYTES + 4) return;
        const length = TYPE_BYTES + pending.readUInt32BE(TYPE_BYTES);
        if (pending.length < length) return;
        if (pending[0] !== NOTIFICATION) near.write(pending.subarray(0, length));
        pending = pending.subarray(length);
      }
    });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => other.destroy());
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxied = new URL(url);
  proxied.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: proxied.href,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
