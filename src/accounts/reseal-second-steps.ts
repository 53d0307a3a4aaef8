import type { Sealer } from "../lib/seal.js";
import type { AccountId } from "./account.js";
import { recoveryContext, secretContext } from "./second-steps.js";
import type { SecondStepStore } from "./second-step-store.js";

export interface ResealSecondStepsDeps {
  readonly secondSteps: Pick<SecondStepStore, "listIds" | "find" | "reseal">;
  /** Opens what was sealed under SECRET_KEY or SECRET_KEY_PREVIOUS. */
  readonly sealer: Sealer;
  /** Opens only what was sealed under SECRET_KEY. */
  readonly newestSealer: Sealer;
}

const PAGE_SIZE = 500;

/** Seals anew what SECRET_KEY_PREVIOUS alone opens, so that it can be forgotten. */
export async function resealSecondSteps(deps: ResealSecondStepsDeps): Promise<void> {
  const { secondSteps, sealer, newestSealer } = deps;

  async function reseal(id: AccountId, sealed: string, context: string): Promise<void> {
    if (newestSealer.open(sealed, context) !== undefined) return;
    const secret = sealer.open(sealed, context);
    if (secret !== undefined) {
      await secondSteps.reseal(id, sealed, newestSealer.seal(secret, context));
    }
  }

  let after: AccountId | undefined;
  do {
    const ids = await secondSteps.listIds({ after, limit: PAGE_SIZE });
    for (const id of ids) {
      const record = await secondSteps.find(id);
      if (record === undefined) continue;
      await reseal(id, record.sealedSecret, secretContext(id));
      for (const { sealedHash } of record.recoveryCodes) {
        await reseal(id, sealedHash, recoveryContext(id));
      }
    }
    after = ids.length < PAGE_SIZE ? undefined : ids.at(-1);
  } while (after !== undefined);
}
