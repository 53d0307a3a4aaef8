/**
 * The only module that imports private files of oidc-provider: version 9.13.3, as package.json pins
 * it. The library takes its keys and its secret for nonces when it is constructed and offers no way
 * to change them later; a rotation that needed a new provider would need a restart.
 * `test/protocol/key-rotation.test.ts` fails when another version keeps them elsewhere.
 */
import type { Provider } from "oidc-provider";
import { applySSRFProtection } from "oidc-provider/lib/helpers/fetch_request.js";
import ServerChallenge from "oidc-provider/lib/helpers/challenge.js";
import { get, type Internals } from "oidc-provider/lib/helpers/weak_cache.js";
import type { KeyRing } from "../keys/key-ring.js";
import type { SigningKeys } from "../keys/signing-keys.js";

/** Lets the library sign, verify and publish with the keys of the moment, from now on. */
export function followKeys(
  provider: Provider,
  signingKeys: Pick<SigningKeys, "ring" | "subscribe">,
): void {
  replaceKeys(provider, signingKeys.ring());
  signingKeys.subscribe(() => replaceKeys(provider, signingKeys.ring()));
}

/**
 * In one turn of the event loop, so that no request meets half of it. The library signs with the
 * first key that fits an algorithm, and has the private half of no other than the current one.
 */
function replaceKeys(provider: Provider, { current, others, published }: KeyRing): void {
  const internals = requireInternals(provider);
  internals.keystore.clear();
  for (const key of [...current, ...others]) internals.keystore.add(key);
  internals.jwks = { keys: published };
}

/** Accepts DPoP nonces (RFC 9449 §8) that were made under other secrets, too. */
export function acceptNoncesOf(provider: Provider, otherSecrets: readonly Buffer[]): void {
  if (otherSecrets.length === 0) return;
  const internals = requireInternals(provider);
  const own = internals.DPoPNonces;
  const all = [own, ...otherSecrets.map((secret) => new ServerChallenge(secret, "DPoP"))];
  internals.DPoPNonces = {
    nextChallenge: () => own.nextChallenge(),
    checkChallenge: (nonce) => all.some((nonces) => nonces.checkChallenge(nonce)),
  };
}

/**
 * The library's guard for requests of our own: a dispatcher of `fetch` that closes connections to
 * private, loopback and special-use addresses, whatever name led there.
 *
 * @throws TypeError when this Node has no such dispatcher: then nothing would be guarded.
 */
export function createGuardedDispatcher(): object {
  // Node makes its dispatcher when something of `fetch` is first used.
  void new Response();
  const current: unknown = Reflect.get(globalThis, Symbol.for("undici.globalDispatcher.1"));
  if (typeof current !== "object" || current === null) {
    throw new TypeError("fetch keeps its dispatcher elsewhere");
  }
  const dispatcher: unknown = Reflect.construct(current.constructor, []);
  return applySSRFProtection(dispatcher);
}

function requireInternals(provider: Provider): Internals {
  const internals = get(provider);
  if (internals === undefined) throw new TypeError("the library keeps its internals elsewhere");
  return internals;
}
