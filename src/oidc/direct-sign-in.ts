import type { ClientStore } from "../clients/client-store.js";
import type { Clock } from "../lib/clock.js";

/** Which clients may take people's passwords in a form of their own. */
export interface DirectSignIn {
  /** Whether any may. As it was asked for, or a second before at most; an outage changes nothing. */
  isOffered(): Promise<boolean>;
  isAllowed(clientId: string): Promise<boolean>;
  /** A client was added by this process: what is known may be wrong. */
  forget(): void;
}

/** 1 s: within it, a change made elsewhere counts. */
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

  return {
    isOffered: async () =>
      known !== undefined && clock.nowMs() < known.untilMs ? known.isOffered : read(),
    isAllowed: async (clientId) => (await clients.find(clientId))?.policy.directSignIn === true,
    forget: () => {
      known = undefined;
    },
  };
}
