import type { AccountId } from "../accounts/account.js";
import { resealSecondSteps } from "../accounts/reseal-second-steps.js";
import { createSecondSteps } from "../accounts/second-steps.js";
import { ownPagesDemand } from "../oidc/authentication-demand.js";
import type { Factors } from "../oidc/next-step.js";
import type { PasskeyParts } from "./passkeys.js";
import type { Foundation } from "./foundation.js";

export type SecondStepParts = ReturnType<typeof createSecondStepParts>;

/** What people prove themselves with beside a password. */
export function createSecondStepParts(
  { stores, secrets, issuer, clock, config }: Foundation,
  { arePasskeysOn }: Pick<PasskeyParts, "arePasskeysOn">,
) {
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
      passkey: (await stores.passkeys.listOfAccount(id)).length > 0 && (await arePasskeysOn()),
    }),
    isOffered,
    ownDemand: ownPagesDemand(config.secondStep),
    /** Of what a browser keeps between two steps. */
    secondStepSealer: secrets.pendingSignIns,
    resealSecondSteps: () =>
      resealSecondSteps({
        ...stores,
        sealer: secrets.secondSteps,
        newestSealer: secrets.newestSecondSteps,
      }),
  };
}
