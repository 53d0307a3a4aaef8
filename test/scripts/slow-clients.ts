/**
 * Slow headers, slow bodies and idle connections in numbers, while ordinary clients go on: their
 * answer times before and during, and when the server cut the slow ones off.
 *
 *   npm run fault:slow
 */
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../support/free-port.js";
import { spawnServer } from "../support/server-process.js";

const SLOW = 300;
const IDLE = 2000;

const directory = await mkdtemp(join(tmpdir(), "latchkey-slow-"));
const port = await freePort();
const server = await spawnServer({ PORT: String(port), DATA_DIR: directory, LOG_LEVEL: "error" });
const sockets: Socket[] = [];

try {
  const idleMs = await medianAnswerMs();
  console.log(`alone:                        median ${idleMs.toFixed(2)} ms`);

  for (let i = 0; i < IDLE; i++) sockets.push(open(""));
  await delay(500);
  const withIdleMs = await medianAnswerMs();
  console.log(
    `with ${IDLE} idle connections:  median ${withIdleMs.toFixed(2)} ms (${(withIdleMs / idleMs).toFixed(2)} of alone)`,
  );

  const startedAt = performance.now();
  const slowHeaders = Array.from({ length: SLOW }, () =>
    open("GET / HTTP/1.1\r\nHost: localhost\r\n", "X-Slow: 1\r\n"),
  );
  const slowBodies = Array.from({ length: SLOW }, () =>
    open(
      `POST /token HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 50000\r\n\r\n`,
      "a",
    ),
  );
  await delay(1000);
  const withSlowMs = await medianAnswerMs();
  console.log(
    `with ${2 * SLOW} slow requests too:    median ${withSlowMs.toFixed(2)} ms (${(withSlowMs / idleMs).toFixed(2)} of alone)`,
  );

  await closed(slowHeaders);
  console.log(`slow headers cut off after    ${Math.round(performance.now() - startedAt)} ms`);
  await closed(slowBodies);
  console.log(`slow bodies cut off after     ${Math.round(performance.now() - startedAt)} ms`);
} finally {
  for (const socket of sockets) socket.destroy();
  await server.stop("SIGTERM");
  await rm(directory, { recursive: true, force: true });
}

/** A connection that sends `first` and then `drip` every half second. */
function open(first: string, drip?: string): Socket {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => socket.destroy());
  socket.resume();
  if (first !== "") socket.write(first);
  if (drip !== undefined) {
    const timer = setInterval(() => socket.writable && socket.write(drip), 500);
    socket.once("close", () => clearInterval(timer));
  }
  sockets.push(socket);
  return socket;
}

async function closed(list: readonly Socket[]): Promise<void> {
  await Promise.all(
    list
      .filter((socket) => !socket.destroyed)
      .map((socket) => new Promise((resolve) => socket.once("close", resolve))),
  );
}

async function medianAnswerMs(): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 200; i++) {
    const startedAt = performance.now();
    const response = await fetch(`http://localhost:${port}/jwks`);
    await response.text();
    times.push(performance.now() - startedAt);
  }
  return times.toSorted((a, b) => a - b)[times.length / 2] ?? 0;
}
