import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/**
 * What the way between a client and a server does.
 *
 * - `none`: passes everything on
 * - `latency`: the same, each way later by so much
 * - `slow`: the same, trickling
 * - `silent`: connections stay, what is sent is lost, and nobody hears of an end (half-open peer)
 * - `hold`: the same, but what was sent arrives when the fault ends, unless its connection is gone
 * - `mute`: requests arrive, replies are lost
 * - `cut`: ends a connection after so many bytes of replies (torn reply); 0: instead of a reply
 * - `reset`: resets connections, old and new
 * - `refuse`: ends connections and listens no more
 */
export type Fault =
  | { readonly mode: PlainMode }
  | { readonly mode: "latency"; readonly ms: number }
  | { readonly mode: "slow"; readonly bytesPerSecond: number }
  | { readonly mode: "cut"; readonly afterBytes: number };
type PlainMode = "none" | "silent" | "hold" | "mute" | "reset" | "refuse";

export interface FaultProxy {
  readonly port: number;
  /** The URL given, leading through the proxy. */
  readonly url: string;
  /** Replaces the fault, for connections old and new. */
  be(fault: Fault | PlainMode): Promise<void>;
  close(): Promise<void>;
}

const NO_FAULT: Fault = { mode: "none" };
const SLOW_PIECE_BYTES = 64;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { "redis:": 6379, "rediss:": 6379 };

/**
 * Listens on a free port of 127.0.0.1 and forwards to the host and port of a URL.
 *
 * @param mark only connections whose first bytes contain it (PostgreSQL: `application_name`) get the
 *   faults; all meet `reset` and `refuse`.
 */
export async function startFaultProxy(url: string, mark = ""): Promise<FaultProxy> {
  const target = new URL(url);
  const address = {
    host: target.hostname,
    port: Number(target.port || (DEFAULT_PORTS[target.protocol] ?? 5432)),
  };
  const sockets = new Set<Socket>();
  let fault: Fault = NO_FAULT;
  let changed = Promise.withResolvers<void>();

  const server = createServer({ noDelay: true }, (near) => {
    if (fault.mode === "reset") {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ ...address, noDelay: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    }
    let isMarked = false;
    near.once("data", (start: Buffer) => (isMarked = start.includes(mark)));
    const way: Way = {
      fault: () => (isMarked ? fault : NO_FAULT),
      isChanged: () => changed.promise,
    };
    pump(way, { from: near, to: far, isReply: false });
    pump(way, { from: far, to: near, isReply: true });
  });
  const port = await listen(server, 0);
  const proxied = new URL(url);
  proxied.host = `127.0.0.1:${port}`;

  return {
    port,
    url: proxied.href,
    async be(next) {
      fault = typeof next === "string" ? { mode: next } : next;
      changed.resolve();
      changed = Promise.withResolvers();
      if (fault.mode === "reset") for (const socket of sockets) socket.resetAndDestroy();
      if (fault.mode === "refuse") await end(server, sockets);
      else if (!server.listening) await listen(server, port);
    },
    async close() {
      fault = NO_FAULT;
      changed.resolve();
      await end(server, sockets);
    },
  };
}

interface Way {
  fault(): Fault;
  /** Resolves when the fault is replaced. */
  isChanged(): Promise<void>;
}

interface Direction {
  readonly from: Socket;
  readonly to: Socket;
  readonly isReply: boolean;
}

interface Arrival {
  readonly isHeld: boolean;
  readonly arrivedAtMs: number;
}

/** Chunks keep their order, however long each takes; the end comes after them. */
function pump(way: Way, direction: Direction): void {
  const { from, to } = direction;
  let queue = Promise.resolve();
  let repliedBytes = 0;
  const forward = async (data: Buffer, { isHeld, arrivedAtMs }: Arrival) => {
    while (way.fault().mode === "hold") await way.isChanged();
    // What its sender's system still had to deliver is discarded with a connection that was reset.
    if (to.destroyed || (isHeld && from.destroyed)) return;
    const fault = way.fault();
    if (fault.mode === "cut" && direction.isReply) {
      const room = Math.max(0, fault.afterBytes - repliedBytes);
      repliedBytes += data.length;
      to.write(data.subarray(0, room));
      if (data.length > room) to.destroySoon();
      return;
    }
    if (fault.mode === "latency") {
      await delay(Math.max(0, arrivedAtMs + fault.ms - performance.now()));
    }
    await pass(data, fault, direction);
  };
  const passEnd = async () => {
    while (isDeaf(way.fault())) await way.isChanged();
    to.destroySoon();
  };
  from.on("data", (data) => {
    const arrival = { isHeld: way.fault().mode === "hold", arrivedAtMs: performance.now() };
    queue = queue.then(() => forward(data, arrival));
  });
  from.on("error", () => {});
  from.on("close", () => {
    queue = queue.then(passEnd);
  });
}

function isDeaf({ mode }: Fault): boolean {
  return mode === "hold" || mode === "silent";
}

async function pass(data: Buffer, fault: Fault, { to, isReply }: Direction): Promise<void> {
  if (fault.mode === "silent" || (fault.mode === "mute" && isReply)) return;
  if (fault.mode === "slow") {
    await trickle(data, to, fault.bytesPerSecond);
    return;
  }
  to.write(data);
}

async function trickle(data: Buffer, to: Socket, bytesPerSecond: number): Promise<void> {
  for (let at = 0; at < data.length && !to.destroyed; at += SLOW_PIECE_BYTES) {
    to.write(data.subarray(at, at + SLOW_PIECE_BYTES));
    await delay((SLOW_PIECE_BYTES * 1000) / bytesPerSecond);
  }
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function end(server: Server, sockets: Iterable<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  if (!server.listening) return;
  await new Promise((resolve) => server.close(resolve));
}
