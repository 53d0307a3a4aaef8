import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import type { ResourceServer, ResourceServerStore } from "./resource-server-store.js";

export interface PublishedApisDeps {
  readonly resourceServers: Pick<ResourceServerStore, "list">;
  readonly clock: Clock;
  readonly logger: Pick<Logger, "warn">;
}

/** 60 s: whoever reads the list keeps it for longer, and anybody may ask for it. */
const MAX_AGE_SECONDS = 60;

/**
 * The APIs whose metadata are published, read once a minute at most. While the database is away it
 * is the list of before, since metadata are read without a database otherwise.
 */
export function createPublishedApis({
  resourceServers,
  clock,
  logger,
}: PublishedApisDeps): () => Promise<readonly ResourceServer[]> {
  let known: readonly ResourceServer[] = [];
  let readAtSeconds: number | undefined;
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    try {
      known = (await resourceServers.list()).filter((api) => api.publishMetadata);
      readAtSeconds = clock.nowSeconds();
    } catch (err) {
      logger.warn({ err }, "the list of published APIs cannot be read: telling the one of before");
    } finally {
      reading = undefined;
    }
  }

  return async () => {
    const isOld =
      readAtSeconds === undefined || clock.nowSeconds() - readAtSeconds >= MAX_AGE_SECONDS;
    if (isOld) await (reading ??= read());
    return known;
  };
}
