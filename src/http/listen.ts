import { createServer, type RequestListener, type Server } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
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
  await bind(server, host, port);
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    drain: (graceMs) => drain(server, graceMs),
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

async function drain(server: Server, graceMs: number): Promise<boolean> {
  // Answers to requests under way tell their clients to connect anew, to another node.
  server.prependListener("request", (_req, res) => res.setHeader("Connection", "close"));
  const finished = new Promise<true>((resolve) => server.close(() => resolve(true)));
  const waiting = new AbortController();
  const inTime = await Promise.race([
    finished,
    delay(graceMs, false as const, { signal: waiting.signal }).catch(() => false as const),
  ]);
  waiting.abort();
  if (!inTime) server.closeAllConnections();
  return inTime;
}
