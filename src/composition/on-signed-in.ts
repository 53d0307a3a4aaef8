import { createTellNewDevice, type TellNewDeviceDeps } from "../http/account/tell-new-device.js";
import type { OnSignedIn } from "../http/sign-in-hub.js";
import type { KnownDevices } from "../http/known-devices.js";
import { createOfferPasskey, type OfferHookDeps } from "../http/passkeys/passkey-offer.js";

export interface OnSignedInParts extends TellNewDeviceDeps, OfferHookDeps {
  readonly knownDevices: Pick<KnownDevices, "hasSeen" | "onSignedIn">;
}

/** Who is told of every sign-in at the pages, in this order: what leads elsewhere is the last. */
export function createOnSignedIn(parts: OnSignedInParts): readonly OnSignedIn[] {
  // Whether it is new is asked before it is remembered.
  return [createTellNewDevice(parts), parts.knownDevices.onSignedIn, createOfferPasskey(parts)];
}
