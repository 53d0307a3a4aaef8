import type { ResourceServerStore } from "../clients/resource-server-store.js";
import type { SigningKeys } from "../keys/signing-keys.js";
import type { SigningAlgorithm } from "../keys/signing-key.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import type { RevocationSource } from "../tokens/revoked-indices.js";
import type { StatusListStore } from "../tokens/status-list-store.js";
import { createStatusLists, type StatusLists } from "../tokens/status-lists.js";

export interface ServerStatusListsDeps {
  readonly settings: {
    readonly issuer: string;
    readonly accessTokenAlgorithm: SigningAlgorithm;
    readonly statusListTtlSeconds: number;
  };
  readonly statusLists: StatusListStore;
  readonly resourceServers: Pick<ResourceServerStore, "find">;
  readonly revocations: RevocationSource;
  readonly signingKeys: Pick<SigningKeys, "signing" | "published">;
  readonly clock: Clock;
  readonly logger: Pick<Logger, "warn">;
}

/**
 * The status lists of a server, each signed as the tokens of its API are; for the last tokens of an
 * API that was deleted, as those of any other.
 */
export function createServerStatusLists(deps: ServerStatusListsDeps): StatusLists {
  const { settings, statusLists, resourceServers, signingKeys } = deps;
  return createStatusLists({
    ...deps,
    store: statusLists,
    async signingKeyOf(identifier) {
      const api = await resourceServers.find(identifier);
      return signingKeys.signing(api?.accessTokenAlgorithm ?? settings.accessTokenAlgorithm);
    },
    publishedKeys: signingKeys.published,
    issuer: settings.issuer,
    ttlSeconds: settings.statusListTtlSeconds,
  });
}
