import { createTellNewDevice, type TellNewDeviceDeps } from "../http/account/tell-new-device.js";
import type { OnSignedIn } from "../http/sign-in-hub.js";
import type { KnownDevices } from "../http/known-devices.js";

export interface OnSignedInParts extends TellNewDeviceDeps {
  readonly knownDevices: Pick<KnownDevices, "hasSeen" | "onSignedIn">;
}

/** Who is told of every sign-in at the pages, in this order. */
export function createOnSignedIn(parts: OnSignedInParts): readonly OnSignedIn[] {
  // Whether it is new is asked before it is remembered.
  return [createTellNewDevice(parts), parts.knownDevices.onSignedIn];
}
