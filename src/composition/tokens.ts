import { defaultKeyTimes } from "../keys/key-schedule.js";
import { openKeys } from "../keys/open-keys.js";
import type { SigningAlgorithm } from "../keys/signing-key.js";
import { createServerStatusLists } from "../oidc/server-status-lists.js";
import { createRevocations } from "../tokens/revocations.js";
import type { Foundation } from "./foundation.js";

/** Every algorithm that relying parties may count on has a key from the first start. */
const BASE_ALGORITHMS: readonly SigningAlgorithm[] = ["RS256", "ES256"];

export type Tokens = Awaited<ReturnType<typeof openTokens>>;

/** What signs tokens, and what ends them before their time. @throws as `openKeys` */
export async function openTokens(foundation: Foundation) {
  const { config, secrets, stores } = foundation;
  const algorithms = [...new Set([...BASE_ALGORITHMS, config.accessTokenAlgorithm])];
  const keys = await openKeys(algorithms, {
    ...foundation,
    store: stores.signingKeys,
    sealer: secrets.signingKeys,
    newestSealer: secrets.newestSigningKeys,
    times: { ...defaultKeyTimes(config.sessionAbsoluteSeconds), ...foundation.keyTimes },
    rotationSeconds: config.signingKeyRotationSeconds,
  });
  const revocations = createRevocations({
    ...foundation,
    store: stores.revocationRecords,
    longestGrantSeconds: Math.max(config.grantSeconds, config.sessionAbsoluteSeconds),
  });
  const { signingKeys } = keys;
  const statusLists = createServerStatusLists({
    ...foundation,
    ...stores,
    revocations,
    signingKeys,
  });
  return { keys, revocations, statusLists };
}
