import type { ProvenSignOut, ProvenSignOutDeps } from "./proven-sign-out.js";
import { createProvenSignOut } from "./proven-sign-out.js";
import {
  createSignedOutNotes,
  type SignedOutNotes,
  type SignedOutNotesDeps,
} from "./signed-out-notes.js";
import { translateOutages } from "./translate-outages.js";

export interface SignOut {
  readonly prove: ProvenSignOut;
  readonly notes: SignedOutNotes;
}

/** What RP-initiated logout has besides the library. */
export function createSignOut(deps: ProvenSignOutDeps & SignedOutNotesDeps): SignOut {
  const { endSession } = deps;
  return {
    prove: createProvenSignOut(translateOutages({ endSession })),
    notes: createSignedOutNotes(deps),
  };
}
