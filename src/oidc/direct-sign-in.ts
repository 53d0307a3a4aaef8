import type { ClientStore } from "../clients/client-store.js";
import type { Clock } from "../lib/clock.js";

/** Which clients may take people's passwords in a form of their own. */
export interface DirectSignIn {
  /** Whether any may, as it is now; an outage changes nothing. */
  isOffered(): Promise<boolean>;
  /** The same, or as it was a second ago: for what everybody asks, and others keep for longer. */
  wasOffered(): Promise<boolean>;
  isAllowed(clientId: string): Promise<boolean>;
}

/** 1 s: within it, a change counts everywhere. */
const KNOWN_MS = 1000;

export function createDirectSignIn(
  clients: Pick<ClientStore, "find" | "hasDirectSignIn">,
  clock: Clock,
): DirectSignIn {
  let known: { isOffered: boolean; untilMs: number } | undefined;

  async function read(): Promise<boolean> {
    try {
      const isOffered = await clients.hasDirectSignIn();
      known = { isOffered, untilMs: clock.nowMs() + KNOWN_MS };
      return isOffered;
    } catch (err) {
      if (known === undefined) throw err;
      return known.isOffered;
    }
  }

  const kept = () => (clock.nowMs() < (known?.untilMs ?? 0) ? known?.isOffered : undefined);

  return {
    // "None" may be wrong as soon as it is read: the first client was added elsewhere.
    isOffered: async () => kept() === true || read(),
    wasOffered: async () => kept() ?? read(),
    isAllowed: async (clientId) => (await clients.find(clientId))?.policy.directSignIn === true,
  };
}
