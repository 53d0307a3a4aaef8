import type { Clock } from "../lib/clock.js";
import type { Lifetimes } from "./lifetimes.js";
import type { ModelPayload, SessionJoining } from "./model-store.js";
import { readClients } from "./session-facts.js";
import { findUnitOfWork } from "./unit-of-work.js";

export interface SessionJoiningDeps {
  readonly settings: Pick<Lifetimes, "sessionAbsoluteSeconds">;
  readonly clock: Clock;
}

/** Who joins a session with this write; of one that nobody has read, all may be new. */
export function findSessionJoining(
  session: ModelPayload,
  { settings, clock }: SessionJoiningDeps,
): SessionJoining | undefined {
  const clientIds =
    findUnitOfWork()?.session.joiningClients(session) ??
    readClients(session).map(({ clientId }) => clientId);
  if (clientIds.length === 0) return undefined;
  const ageSeconds = clock.nowSeconds() - Number(session["loginTs"] ?? 0);
  return { clientIds, endsInSeconds: Math.max(1, settings.sessionAbsoluteSeconds - ageSeconds) };
}
