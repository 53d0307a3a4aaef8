import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { Server as NetServer, type Socket } from "node:net";
import { setImmediate as nextTurn, setTimeout as delay } from "node:timers/promises";
import { LatchkeyError } from "../lib/errors.js";

export interface ListenOptions {
  readonly handler: RequestListener;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly maxConnections: number;
}

export interface Listener {
  readonly port: number;
  /**
   * Takes no more connections, lets requests under way finish, closes idle ones, and cuts what is
   * left after `graceMs`. @returns whether all finished in time.
   */
  drain(graceMs: number): Promise<boolean>;
}

/** 10 s: a slow mobile network sends its headers in time, a slow-headers attack holds little. */
const HEADERS_TIMEOUT_MS = 10_000;
/** 30 s for a whole request of at most 56 KiB. */
const REQUEST_TIMEOUT_MS = 30_000;
/** 65 s: longer than the usual 60 s of proxies, so that they close first. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** How often the two limits above are looked at; bounds how far they are overrun. */
const CONNECTIONS_CHECKING_INTERVAL_MS = 2_000;
/** 16 KiB: room for a long authorization URL and the cookies of several interactions. */
const MAX_HEADER_BYTES = 16 * 1024;
/** 500 ms: a client that goes on using its connection has sent the next request by then. */
const IDLE_GRACE_MS = 500;

/** @throws LatchkeyError `listen_failed` in one line that says what to do. */
export async function listen({
  handler,
  host,
  port,
  maxConnections,
}: ListenOptions): Promise<Listener> {
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      connectionsCheckingInterval: CONNECTIONS_CHECKING_INTERVAL_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    handler,
  );
  server.maxConnections = maxConnections;
  const drain = createDrain(server);
  await bind(server, host, port);
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    drain,
  };
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (err: NodeJS.ErrnoException) => reject(describe(err, host, port)));
    server.listen(port, host, resolve);
  });
}

function describe(err: NodeJS.ErrnoException, host: string, port: number): LatchkeyError {
  const reasons: Record<string, string> = {
    EADDRINUSE: "another process uses it. Stop that one or set PORT",
    EACCES: "this user may not. Set PORT above 1023 or allow it",
    EADDRNOTAVAIL: "this machine has no such address. Set HOST",
  };
  const reason = reasons[err.code ?? ""] ?? err.code ?? "unknown error";
  return new LatchkeyError("listen_failed", `Cannot listen on ${host}:${port}: ${reason}.`, {
    cause: err,
  });
}

/**
 * Closes connections so that no request is lost. `Server.close` would cut idle ones at once, also
 * those whose next request is just travelling: to its client that looks like a crash.
 */
function createDrain(server: Server): (graceMs: number) => Promise<boolean> {
  /** What is being answered on each connection. */
  const underWay = new Map<Socket, Set<ServerResponse>>();
  let draining = false;
  let idleMayClose = false;

  // Node closes the connection after an answer that says so. Where the headers went out before,
  // the client may already send its next request, and is told with that one's answer.
  const announceEnd = (res: ServerResponse) => {
    if (!res.headersSent) res.setHeader("Connection", "close");
  };
  const closeIfIdle = (socket: Socket) => {
    // Not `end`: a half-closed connection would still take a request that it cannot answer.
    if (underWay.get(socket)?.size === 0) socket.destroySoon();
  };
  server.on("connection", (socket: Socket) => {
    underWay.set(socket, new Set());
    socket.once("close", () => underWay.delete(socket));
  });
  server.on("request", ({ socket }: IncomingMessage, res: ServerResponse) => {
    underWay.get(socket)?.add(res);
    if (draining) announceEnd(res);
    res.on("close", () => {
      underWay.get(socket)?.delete(res);
      if (idleMayClose) closeIfIdle(socket);
    });
  });

  const closeIdle = () => {
    idleMayClose = true;
    for (const socket of underWay.keys()) closeIfIdle(socket);
  };

  return async (graceMs) => {
    // Takes in what waits in the queue of the operating system before that is dropped; only then
    // are clients told to connect anew, or they would stand in the same queue.
    await nextTurn();
    draining = true;
    for (const answers of underWay.values()) answers.forEach(announceEnd);
    const finished = new Promise<true>((resolve) => {
      NetServer.prototype.close.call(server, () => resolve(true));
    });
    const idle = setTimeout(closeIdle, Math.min(IDLE_GRACE_MS, graceMs));
    const waiting = new AbortController();
    const timeUp = delay(graceMs, false as const, { signal: waiting.signal }).catch(
      () => false as const,
    );
    const inTime = await Promise.race([finished, timeUp]);
    waiting.abort();
    clearTimeout(idle);
    if (!inTime) server.closeAllConnections();
    return inTime;
  };
}
