import { createCookieSignatures } from "./cookie-signatures.js";
import { combineMacs, combineSealers, createMac, createSealer, deriveKey } from "./seal.js";

/** SECRET_KEY, and SECRET_KEY_PREVIOUS if there is one. */
export type SecretKeys = readonly [string, ...string[]];

/**
 * All that is derived from SECRET_KEY, each for one purpose. What was made under either key is
 * accepted; what is made now is made under the first, so that SECRET_KEY can be changed for another
 * while everything goes on.
 */
export function deriveSecrets(secretKeys: SecretKeys) {
  const each = <Secret>(derive: (secretKey: string) => Secret): [Secret, ...Secret[]] => {
    const [first, ...others] = secretKeys;
    return [derive(first), ...others.map(derive)];
  };
  const sealer = (purpose: string) => combineSealers(each((key) => createSealer(key, purpose)));
  const macs = (purpose: string) => each((key) => createMac(key, purpose));
  const keys = (purpose: string) => each((key) => deriveKey(key, purpose));

  return {
    signingKeys: sealer("signing-keys"),
    /** Of those, opens only what was sealed under SECRET_KEY itself. */
    newestSigningKeys: createSealer(secretKeys[0], "signing-keys"),
    authorizationRequests: sealer("authorization-request"),
    authSessions: sealer("auth-session"),
    upstreamSecrets: sealer("upstream-secrets"),
    /** Of those, opens only what was sealed under SECRET_KEY itself. */
    newestUpstreamSecrets: createSealer(secretKeys[0], "upstream-secrets"),
    upstreamAttempts: sealer("upstream-attempts"),
    /** Kept for the `id_token_hint` of a sign-out there. */
    upstreamIdTokens: sealer("upstream-id-tokens"),
    /** Where a browser goes on to after a sign-out elsewhere. */
    returnAddresses: sealer("return-addresses"),
    pendingLinks: sealer("pending-link"),
    /** Sign-ins between their two steps. */
    pendingSignIns: sealer("pending-sign-ins"),
    /** Secrets of authenticator apps, and hashes of recovery codes. */
    secondSteps: sealer("second-steps"),
    /** Of those, opens only what was sealed under SECRET_KEY itself. */
    newestSecondSteps: createSealer(secretKeys[0], "second-steps"),
    modelIds: sealer("model-ids"),
    /** What a browser keeps for itself: sessions put aside, what a page has to say next. */
    browserNotes: sealer("browser-notes"),
    /** Mail that waits to be delivered: it holds codes. */
    mail: sealer("mail"),
    oneTimeCodes: sealer("one-time-codes"),
    oneTimeCodeHashes: combineMacs(macs("one-time-codes")),
    cookies: createCookieSignatures(macs("cookies")),
    forms: combineMacs(macs("forms")),
    /** What attempts are counted under. */
    attempts: combineMacs(macs("attempts")),
    /** Which accounts a browser signed in to. */
    knownDevices: sealer("known-devices"),
    modelValues: keys("model-values"),
    dpopNonces: keys("dpop-nonce"),
  };
}
