import { LatchkeyError } from "../lib/errors.js";
import type { SessionDirectory } from "../oidc/session-directory.js";
import type { SessionFacts } from "../oidc/session-facts.js";

/** Of whom a manager asks, as in `{"account": "…"}`. */
export type ManagedSubject = Partial<Record<"session" | "account" | "client", unknown>>;

export interface ManagedSessionsDeps {
  readonly sessionDirectory: SessionDirectory;
}

/** @throws LatchkeyError `invalid_request` unless exactly one is named, `not_found` (404) */
export async function managedSessions(
  given: ManagedSubject & { readonly after?: unknown },
  { sessionDirectory }: ManagedSessionsDeps,
): Promise<{ sessions: SessionFacts[]; next: string | undefined }> {
  const { kind, id } = parseSubject(given);
  if (kind === "account") return only(await sessionDirectory.listSessions(id));
  if (kind === "session") return only([await requireSession(id, sessionDirectory)]);
  return collectPages(given.after, (after) => sessionDirectory.listSessionsOfClient(id, after));
}

/** 200 and some: what is read for one answer. */
const ENOUGH_SESSIONS = 200;
const ENOUGH_PAGES = 32;

/** A page of the store may hold few sessions, or none, and yet not be the last. */
async function collectPages(
  first: unknown,
  read: (after?: string) => Promise<{ sessions: SessionFacts[]; next: string | undefined }>,
) {
  const sessions: SessionFacts[] = [];
  let next = typeof first === "string" ? first : undefined;
  for (let pages = 0; pages < ENOUGH_PAGES && sessions.length < ENOUGH_SESSIONS; pages++) {
    const page = await read(next);
    sessions.push(...page.sessions);
    next = page.next;
    if (next === undefined) break;
  }
  return { sessions, next };
}

function only(sessions: SessionFacts[]) {
  return { sessions, next: undefined };
}

/** @throws LatchkeyError `invalid_request` unless exactly one is named. */
export function parseSubject(given: ManagedSubject) {
  const named = (["session", "account", "client"] as const).flatMap((kind) => {
    const id = given[kind];
    return id === undefined ? [] : [{ kind, id }];
  });
  const [first, second] = named;
  if (first === undefined || second !== undefined || typeof first.id !== "string") {
    const message = "name one of session, account and client";
    throw new LatchkeyError("invalid_request", message, { status: 400 });
  }
  return { kind: first.kind, id: first.id };
}

/** @throws LatchkeyError `not_found` (404) */
async function requireSession(
  handle: string,
  sessionDirectory: Pick<SessionDirectory, "findByHandle">,
): Promise<SessionFacts> {
  const session = await sessionDirectory.findByHandle(handle);
  if (session === undefined) throw notThere("session");
  return session;
}

/** The same for what does not exist and for what is somebody else's. */
export function notThere(what: string): LatchkeyError {
  return new LatchkeyError("not_found", `there is no such ${what}`, { status: 404 });
}
