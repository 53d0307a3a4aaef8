import { isIP } from "node:net";
import { createEnrolPasskey } from "../accounts/enrol-passkey.js";
import { createPasskeySignIn } from "../accounts/passkey-sign-in.js";
import { createUseOnce } from "../oidc/use-once.js";
import type { Foundation } from "./foundation.js";

export type PasskeyParts = ReturnType<typeof createPasskeys>;

/** Who has a passkey. */
export function createPasskeys({ stores, config, clock, issuer }: Foundation) {
  const { passkeys, accounts, upstreamProviders, models } = stores;
  // An RP ID is a host name (Web Authentication §5.1.3 step 7); brackets are of IPv6 addresses.
  const { hostname } = new URL(issuer);
  const isPossible = config.passkeys && isIP(hostname) === 0 && !hostname.startsWith("[");
  return {
    passkeySignIn: createPasskeySignIn({ passkeys, accounts, clock }),
    enrolPasskey: createEnrolPasskey({ passkeys }),
    passkeyChallengeOnce: createUseOnce(models, "passkey challenge"),
    /** Not where another provider is the only way in. */
    arePasskeysOn: async () =>
      isPossible &&
      !(await upstreamProviders.list()).some(({ only, disabled }) => only && !disabled),
    isPasskeyOffered: config.passkeyOffer,
  };
}
