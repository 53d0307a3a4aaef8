import { randomUUID } from "node:crypto";
import { Provider } from "oidc-provider";
import { LatchkeyError } from "../lib/errors.js";
import type {
  Consumption,
  ModelName,
  ModelPayload,
  ModelRecord,
  ModelStore,
} from "./model-store.js";
import type { Consumptions } from "./consumptions.js";
import { createFollowedSession, type FollowedSession } from "./followed-session.js";
import type { SessionIdOf } from "./id-at-rest.js";
import { partitionOf } from "./partition.js";
import { isOutage, temporarilyUnavailable } from "./translate-outages.js";

/**
 * What one request has read ahead, and what it has yet to write.
 *
 * Nobody can use a code or token before the answer that carries it has left, so such records wait
 * here and are written in one step: those that a code or refresh token is redeemed for together with
 * its consumption, an authorization code together with the session. A process that dies on the way
 * leaves either all of it or nothing.
 */
export interface UnitOfWork {
  /** Grants and sessions that came with the record that names them, by grant id and uid. */
  readonly readAhead: ReadAhead;
  /** The session of the request's browser. */
  readonly session: FollowedSession;
  /** Written by the next `commit`. */
  defer(record: ModelRecord): void;
  /** Done by the next `commit`. @param refuse makes the error for an attempt that comes too late. */
  deferConsumption(model: ModelName, id: string, refuse: () => Promise<Error>): void;
  /** @throws what `refuse` made; then nothing was written. */
  commit(): Promise<void>;
  /**
   * After an error: a code that was presented is used up all the same, and nothing is issued for it.
   * Not so when a store failed: the client is asked to come again.
   */
  abandon(err: unknown): Promise<void>;
}

/** Each read is handed over once; a second one asks the store. */
export interface ReadAhead {
  put(model: ModelName, key: string, payload: ModelPayload | undefined): void;
  /** @returns undefined when nothing is known; `{ payload: undefined }` when it is known to be absent. */
  take(model: ModelName, key: string): { payload: ModelPayload | undefined } | undefined;
}

export interface UnitOfWorkDeps {
  readonly models: ModelStore;
  readonly sessionIdOf: SessionIdOf;
  readonly consumptions: Consumptions;
}

/** Of requests that write one session at once, one gets through each time. Browsers send 6 or so. */
const MAX_TRIES = 50;

const UNIT = Symbol("unit of work");

/** A request carries its unit: entries of a weak map that live so shortly cost the collector much. */
interface RequestContext {
  readonly state: { [UNIT]?: UnitOfWork };
}

/** Begins the unit of a request; `findUnitOfWork` gives it to whoever works for the same request. */
export function beginUnitOfWork(ctx: RequestContext, deps: UnitOfWorkDeps): UnitOfWork {
  const unit = createUnitOfWork(deps);
  ctx.state[UNIT] = unit;
  return unit;
}

/** @param ctx the library's current request unless told; undefined outside its routes. */
export function findUnitOfWork(
  ctx: RequestContext | undefined = Provider.ctx,
): UnitOfWork | undefined {
  return ctx?.state[UNIT];
}

function createUnitOfWork({ models, consumptions, sessionIdOf }: UnitOfWorkDeps): UnitOfWork {
  let records: ModelRecord[] = [];
  let consumption: (Consumption & { refuse: () => Promise<Error> }) | undefined;

  const session = createFollowedSession({ models, sessionIdOf });

  async function write(part: readonly ModelRecord[], triesLeft = MAX_TRIES): Promise<void> {
    if (await models.upsertTogether(part)) return;
    if (triesLeft === 0) throw sessionContended();
    const following = part.find(({ follows }) => follows !== undefined);
    const rebased = following && (await session.rebase(following));
    if (rebased === undefined) return;
    await write(
      part.map((record) => (record === following ? rebased : record)),
      triesLeft - 1,
    );
  }

  async function consume(issued: readonly ModelRecord[]): Promise<boolean> {
    if (consumption === undefined) return false;
    const { refuse, ...rest } = consumption;
    consumption = undefined;
    if (await consumptions.consume({ ...rest, issued })) return true;
    throw await refuse();
  }

  return {
    readAhead: createReadAhead(),
    session,
    defer(record) {
      const { model, id } = record;
      // Written twice in one request, only the last counts.
      records = records.filter((earlier) => earlier.model !== model || earlier.id !== id);
      records.push(record);
    },
    deferConsumption(model, id, refuse) {
      consumption = { model, id, refuse, attempt: randomUUID() };
    },
    async commit() {
      if (records.length === 0 && consumption === undefined) return;
      const written = records;
      records = [];
      if (await consume(written)) return;
      await Promise.all(byPartition(written).map((part) => write(part)));
      session.noteWritten();
    },
    async abandon(err) {
      records = [];
      if (isOutage(err)) consumption = undefined;
      await consume([]);
    },
  };
}

function sessionContended(): Error {
  const message = "Too many requests change this session at once. Please try again.";
  const options = { status: 503, retryAfterSeconds: 1 };
  return temporarilyUnavailable(new LatchkeyError("session_contended", message, options));
}

function createReadAhead(): ReadAhead {
  let known: Map<string, { payload: ModelPayload | undefined }> | undefined;
  return {
    put(model, key, payload) {
      known ??= new Map();
      known.set(`${model} ${key}`, { payload });
    },
    take(model, key) {
      const name = `${model} ${key}`;
      const found = known?.get(name);
      known?.delete(name);
      return found;
    },
  };
}

function byPartition(records: readonly ModelRecord[]): ModelRecord[][] {
  const parts = new Map<string, ModelRecord[]>();
  for (const record of records) {
    const partition = partitionOf(record.id);
    parts.set(partition, [...(parts.get(partition) ?? []), record]);
  }
  return [...parts.values()];
}
