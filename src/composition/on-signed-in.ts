import type { OnSignedIn } from "../http/sign-in-hub.js";

/** Who is told of every sign-in at the pages, in this order. */
export function createOnSignedIn(): readonly OnSignedIn[] {
  return [];
}
