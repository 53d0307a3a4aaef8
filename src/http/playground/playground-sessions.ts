import type { Clock } from "../../lib/clock.js";
import { randomToken } from "../../lib/random-token.js";
import type { PlaygroundSession } from "./playground-session.js";

export interface PlaygroundSessionsDeps {
  readonly clock: Clock;
  readonly capacity?: number;
  readonly idleMs?: number;
}

export interface PlaygroundSessions {
  /** Undefined when it is unknown, dropped or was unused for too long. */
  find(id: string | undefined): PlaygroundSession | undefined;
  create(): PlaygroundSession;
  remove(id: string): void;
}

/** 100: every session may hold some hundred KiB, and developers come in ones and twos. */
const CAPACITY = 100;
/** 1 h, as long as a sign-in may take. */
const IDLE_MS = 3_600_000;

/** In memory, so a restart forgets them; the least recently used gives way. */
export function createPlaygroundSessions({
  clock,
  capacity = CAPACITY,
  idleMs = IDLE_MS,
}: PlaygroundSessionsDeps): PlaygroundSessions {
  /** In the order of their last use. */
  const entries = new Map<string, { session: PlaygroundSession; lastUsedMs: number }>();

  function touch(session: PlaygroundSession): void {
    entries.delete(session.id);
    entries.set(session.id, { session, lastUsedMs: clock.nowMs() });
  }

  function dropOldest(): void {
    for (const [id, { lastUsedMs }] of entries) {
      if (entries.size <= capacity && clock.nowMs() - lastUsedMs < idleMs) return;
      entries.delete(id);
    }
  }

  return {
    find(id) {
      const entry = entries.get(id ?? "");
      if (entry === undefined) return undefined;
      if (clock.nowMs() - entry.lastUsedMs >= idleMs) {
        entries.delete(entry.session.id);
        return undefined;
      }
      touch(entry.session);
      return entry.session;
    },
    create() {
      const session: PlaygroundSession = {
        id: randomToken(),
        steps: [],
        stepCount: 0,
        metadata: undefined,
        keys: undefined,
        pending: [],
        pendingSignOut: undefined,
        tokens: undefined,
        turn: Promise.resolve(),
      };
      touch(session);
      dropOldest();
      return session;
    },
    remove(id) {
      entries.delete(id);
    },
  };
}
