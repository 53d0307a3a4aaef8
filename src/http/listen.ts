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
/** 1 s: a connection that is open by now has sent its first request by then. */
const FIRST_REQUEST_MS = 1_000;

/** @throws LatchkeyError `listen_failed` in one line that says what to do. */
export async function listen({ handler, host, port, maxConnections }: ListenOptions): Promise<Listener> {
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
  const reason = reasons[err.code ?? ""] ?? `${err.code ?? "unknown error"}`;
  return new LatchkeyError("listen_failed", `Cannot listen on ${host}:${port}: ${reason}.`, {
    cause: err,
  });
}

/** What a connection has done so far, to know which may be closed at once. */
interface ConnectionState {
  /** Requests being answered. */
  active: number;
  /** Whether it has been answered before; if not, its first request may be on its way. */
  served: boolean;
}

/**
 * Closes connections so that no request is lost: `Server.close` would also cut connections whose
 * first request is still travelling, and those would look to their clients like a crash.
 */
function createDrain(server: Server): (graceMs: number) => Promise<boolean> {
  const connections = new Map<Socket, ConnectionState>();
  let draining = false;

  server.on("connection", (socket: Socket) => {
    connections.set(socket, { active: 0, served: false });
    socket.once("close", () => connections.delete(socket));
  });
  server.on("request", ({ socket }: IncomingMessage, res: ServerResponse) => {
    const state = connections.get(socket);
    if (state === undefined) return;
    state.active += 1;
    if (draining) res.setHeader("Connection", "close");
    res.once("close", () => {
      state.active -= 1;
      state.served = true;
      if (draining && state.active === 0) socket.end();
    });
  });

  const closeWhere = (isDone: (state: ConnectionState) => boolean) => {
    // Not `end`: a half-closed connection would still take a request that it can no longer answer.
    for (const [socket, state] of connections) if (isDone(state)) socket.destroy();
  };

  return async (graceMs) => {
    draining = true;
    // Takes in what is already in the queue of the operating system before the queue is dropped.
    await nextTurn();
    const finished = new Promise<true>((resolve) => {
      NetServer.prototype.close.call(server, () => resolve(true));
    });
    closeWhere(({ active, served }) => active === 0 && served);
    const patience = setTimeout(() => closeWhere(({ active }) => active === 0), FIRST_REQUEST_MS);
    const waiting = new AbortController();
    const timeUp = delay(graceMs, false as const, { signal: waiting.signal }).catch(() => false as const);
    const inTime = await Promise.race([finished, timeUp]);
    waiting.abort();
    clearTimeout(patience);
    if (!inTime) server.closeAllConnections();
    return inTime;
  };
}
