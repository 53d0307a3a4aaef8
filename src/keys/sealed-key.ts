import type { Sealer } from "../lib/seal.js";
import type { StoredSigningKey } from "./signing-key-store.js";
import type { PublicJwk } from "./signing-key.js";

/** Bound to its `kid`: a sealed key that was moved to another row does not open. */
export function sealKey(key: PublicJwk, sealer: Sealer): string {
  return sealer.seal(JSON.stringify(key), key.kid);
}

/** @returns undefined when it was sealed under a SECRET_KEY that this process does not have. */
export function openKey(
  { kid, sealedJwk }: StoredSigningKey,
  sealer: Sealer,
): PublicJwk | undefined {
  const json = sealer.open(sealedJwk, kid);
  if (json === undefined) return undefined;
  // Sealed by this server, so its form is known.
  const key: PublicJwk = JSON.parse(json);
  return key;
}
