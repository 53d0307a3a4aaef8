import type { OnSignedIn } from "../http/sign-in-hub.js";
import type { KnownDevices } from "../http/known-devices.js";

export interface OnSignedInParts {
  readonly knownDevices: Pick<KnownDevices, "onSignedIn">;
}

/** Who is told of every sign-in at the pages, in this order. */
export function createOnSignedIn({ knownDevices }: OnSignedInParts): readonly OnSignedIn[] {
  return [knownDevices.onSignedIn];
}
