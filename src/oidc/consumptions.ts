import { setTimeout as wait } from "node:timers/promises";
import { LatchkeyError } from "../lib/errors.js";
import type { Logger } from "../lib/logger.js";
import type { Consumption, ModelStore } from "./model-store.js";
import { isOutage, temporarilyUnavailable } from "./translate-outages.js";

/** Consumes codes and tokens, and takes back what nobody was told of. */
export interface Consumptions {
  /**
   * As `ModelStore.consume`. When the store fails, the attempt may have succeeded all the same; the
   * client will come again with the same code, and must not be taken for a thief. So the attempt is
   * made once more if there is time, and else withdrawn as soon as the store answers.
   */
  consume(consumption: Consumption): Promise<boolean>;
  /** Ends the waiting; what could not be withdrawn yet stays consumed. */
  stop(): Promise<void>;
}

export interface ConsumptionsDeps {
  /** Its outages are `temporarily_unavailable`. */
  readonly models: ModelStore;
  readonly logger: Pick<Logger, "warn">;
}

/** 1 s: a connection that broke fails at once; a store that is silent has had its time. */
const RETRY_WITHIN_MS = 1000;
/** After a failure at once; a store that is silent keeps the withdrawal waiting by itself. */
const WITHDRAW_INTERVAL_MS = 100;
/** 2 min: longer than an authorization code lives. */
const WITHDRAW_FOR_MS = 120_000;
/** Beyond it attempts stay consumed: their clients have to begin anew. */
const MAX_WAITING = 1000;

export function createConsumptions({ models, logger }: ConsumptionsDeps): Consumptions {
  const stopping = new AbortController();
  /** By the record that is to be given back. */
  const waiting = new Map<string, Promise<void>>();

  async function tryConsume(consumption: Consumption): Promise<boolean> {
    const startedAtMs = performance.now();
    try {
      return await models.consume(consumption);
    } catch (err) {
      if (!isOutage(err) || performance.now() - startedAtMs > RETRY_WITHIN_MS) throw err;
      return models.consume(consumption);
    }
  }

  async function withdraw(consumption: Consumption): Promise<void> {
    const endsAtMs = performance.now() + WITHDRAW_FOR_MS;
    while (!stopping.signal.aborted && performance.now() < endsAtMs) {
      try {
        await models.withdraw(consumption);
        return;
      } catch (err) {
        if (!isOutage(err)) throw err;
      }
      await wait(WITHDRAW_INTERVAL_MS, undefined, { ref: false, signal: stopping.signal }).catch(
        () => undefined, // stopping: the loop ends
      );
    }
  }

  function withdrawLater(consumption: Consumption): void {
    if (waiting.size >= MAX_WAITING) {
      logger.warn("too many consumptions to withdraw: the client of one has to begin anew");
      return;
    }
    const name = nameOf(consumption);
    const withdrawal = withdraw(consumption)
      .catch((err: unknown) => logger.warn({ err }, "a consumption could not be withdrawn"))
      .finally(() => waiting.delete(name));
    waiting.set(name, withdrawal);
  }

  /** A client that is back before its code is would find it used. */
  async function settled(consumption: Consumption): Promise<void> {
    const withdrawal = waiting.get(nameOf(consumption));
    if (withdrawal === undefined) return;
    await Promise.race([withdrawal, wait(RETRY_WITHIN_MS, undefined, { ref: false })]);
    if (waiting.has(nameOf(consumption))) throw consumptionInDoubt();
  }

  return {
    async consume(consumption) {
      await settled(consumption);
      try {
        return await tryConsume(consumption);
      } catch (err) {
        if (isOutage(err)) withdrawLater(consumption);
        throw err;
      }
    },
    async stop() {
      stopping.abort();
      await Promise.all(waiting.values());
    },
  };
}

/** For a client that comes again before it is known what became of its first attempt. */
export function consumptionInDoubt(): Error {
  const message = "An earlier attempt is still being taken back. Please try again.";
  const options = { status: 503, retryAfterSeconds: 2 };
  return temporarilyUnavailable(new LatchkeyError("consumption_in_doubt", message, options));
}

function nameOf({ model, id }: Consumption): string {
  return `${model} ${id}`;
}
