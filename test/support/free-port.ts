import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Below those that the kernel gives to whoever asks for any, so that nobody gets one of ours
 * between our look and its use.
 */
const FIRST_PORT = 12_000;
const LAST_PORT = 32_767;

/** Test processes side by side look in different parts of the range. */
const PARTS = 16;
const PART_SIZE = Math.floor((LAST_PORT - FIRST_PORT + 1) / PARTS);
const part = Number(process.env["MOCHA_WORKER_ID"] ?? Math.floor(Math.random() * PARTS)) % PARTS;

/** Counts up, so that a port is not given twice while the first is not in use yet. */
let next = Math.floor(Math.random() * PART_SIZE);

/** A port of 127.0.0.1 that nobody listens on now. @throws when there is none. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PART_SIZE; tries++) {
    const port = FIRST_PORT + part * PART_SIZE + (next++ % PART_SIZE);
    if (await isFree(port)) return port;
  }
  throw new Error("no free port");
}

/** Several of them, all different. */
export async function findFreePorts(count: number): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, freePort));
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  } catch {
    return false;
  }
  await new Promise((resolve) => server.close(resolve));
  return true;
}
