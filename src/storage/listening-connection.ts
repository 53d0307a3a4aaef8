import { randomUUID } from "node:crypto";
import { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { postgresListenerConfig } from "./dialect.js";

export interface ListeningConnectionOptions {
  readonly url: string;
  /** Gets `<table> <key>` or `<table>`, as migration 0002 has it. */
  readonly tell: (payload: string) => void;
  /** Cuts the connection, at whatever it is. */
  readonly signal: AbortSignal;
}

/** A connection to PostgreSQL, apart from the pool, that is told of every change, in order. */
export interface ListeningConnection {
  /** Resolves when all that was committed before the call has been told. @throws when it is dead */
  catchUp(): Promise<void>;
  /** @throws what ended the connection, as soon as it has ended */
  pause(ms: number): Promise<void>;
  close(): void;
}

/** The channel of migration 0002. */
const CHANNEL = "latchkey_change";
/** 1 s: a notification takes a millisecond or so; after a second it does not come. */
const DELIVERY_TIMEOUT_MS = 1_000;

/**
 * Connects, listens, and proves that what another connection tells comes through: behind a pooler
 * that hands out a connection for each transaction, listening succeeds and nothing ever comes.
 */
export async function openListeningConnection({
  url,
  tell,
  signal,
}: ListeningConnectionOptions): Promise<ListeningConnection> {
  const cut = new AbortController();
  const ended = AbortSignal.any([signal, cut.signal]);
  const client = createClient(url, ended);
  let failure: unknown;
  client.on("error", (err) => (failure = err));
  client.once("end", () => cut.abort());
  client.on("notification", ({ payload = "" }) => tell(payload));
  try {
    await client.connect();
    await client.query(`listen ${CHANNEL}`);
    await proveDelivery(client, url, ended);
  } catch (err) {
    cut.abort();
    throw err;
  }
  return {
    async catchUp() {
      // The server sends what it has to tell before it answers.
      await client.query("select 1");
    },
    async pause(ms) {
      try {
        await delay(ms, undefined, { signal: ended });
      } catch (err) {
        throw failure ?? err;
      }
    },
    close: () => cut.abort(),
  };
}

async function proveDelivery(listener: Client, url: string, signal: AbortSignal): Promise<void> {
  const proof = `proof ${randomUUID()}`;
  const arrived = new Promise<boolean>((resolve) => {
    listener.on("notification", ({ payload }) => {
      if (payload === proof) resolve(true);
    });
  });
  const cut = new AbortController();
  const sender = createClient(url, AbortSignal.any([signal, cut.signal]));
  sender.on("error", () => {}); // the call under way says it, too
  try {
    await sender.connect();
    await sender.query("select pg_notify($1, $2)", [CHANNEL, proof]);
    if (await Promise.race([arrived, delay(DELIVERY_TIMEOUT_MS, false, { signal })])) return;
  } finally {
    cut.abort();
  }
  throw new Error(
    "PostgreSQL's notifications do not come through: a pooler before it must give each connection a session of its own",
  );
}

function createClient(url: string, signal: AbortSignal): Client {
  return new Client({ ...postgresListenerConfig(url), stream: () => new Socket({ signal }) });
}
