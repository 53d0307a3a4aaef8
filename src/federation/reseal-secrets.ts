import type { Sealer } from "../lib/seal.js";
import { secretContext } from "./secret-context.js";
import type { UpstreamProviderStore } from "./upstream-provider.js";

export interface ResealSecretsDeps {
  readonly upstreamProviders: Pick<UpstreamProviderStore, "list" | "update">;
  /** Opens what was sealed under SECRET_KEY or SECRET_KEY_PREVIOUS. */
  readonly sealer: Sealer;
  /** Opens only what was sealed under SECRET_KEY. */
  readonly newestSealer: Sealer;
}

/**
 * Seals secrets of providers anew that SECRET_KEY_PREVIOUS alone opens, so that it can be forgotten.
 * One that neither opens stays as it is: its provider says so when somebody signs in.
 */
export async function resealSecrets(deps: ResealSecretsDeps): Promise<void> {
  const { upstreamProviders, sealer, newestSealer } = deps;
  for (const { id, sealedClientSecret: sealed } of await upstreamProviders.list()) {
    const context = secretContext(id);
    if (sealed === undefined || newestSealer.open(sealed, context) !== undefined) continue;
    const secret = sealer.open(sealed, context);
    if (secret === undefined) continue;
    await upstreamProviders.update(id, (current) =>
      // Another node was faster, or an operator stored another secret.
      current.sealedClientSecret === sealed
        ? { sealedClientSecret: newestSealer.seal(secret, context) }
        : {},
    );
  }
}
