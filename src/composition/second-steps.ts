import type { AccountId } from "../accounts/account.js";
import { resealSecondSteps } from "../accounts/reseal-second-steps.js";
import { createSecondSteps } from "../accounts/second-steps.js";
import type { Factors } from "../oidc/next-step.js";
import type { Foundation } from "./foundation.js";

export type SecondStepParts = ReturnType<typeof createSecondStepParts>;

/** What people prove themselves with beside a password. */
export function createSecondStepParts({ stores, secrets, issuer, clock, config }: Foundation) {
  const secondSteps = createSecondSteps({
    ...stores,
    sealer: secrets.secondSteps,
    clock,
    issuerHost: new URL(issuer).host,
  });
  const isOffered = config.secondStep !== "off";
  return {
    secondSteps,
    /** What an account has; as good as nothing where the operator wants none. */
    findFactors: async (id: AccountId): Promise<Factors> => ({
      authenticator: isOffered && (await secondSteps.find(id)) !== undefined,
      passkey: false,
    }),
    isOffered,
    resealSecondSteps: () =>
      resealSecondSteps({
        ...stores,
        sealer: secrets.secondSteps,
        newestSealer: secrets.newestSecondSteps,
      }),
  };
}
