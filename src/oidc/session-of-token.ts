import type { PresentedToken } from "./presented-token.js";
import type { SessionDirectory } from "./session-directory.js";
import type { SessionFacts } from "./session-facts.js";

/**
 * The live session that an access token comes from: the one that it ends with, or else the one that
 * has its grant, since each session has grants of its own.
 *
 * @returns undefined for a token whose session ended before it, or that never had one.
 */
export type FindSessionOfToken = (token: PresentedToken) => Promise<SessionFacts | undefined>;

export function createFindSessionOfToken({
  findByUid,
  listSessions,
}: Pick<SessionDirectory, "findByUid" | "listSessions">): FindSessionOfToken {
  return async ({ accountId, reference }) => {
    const { sessionUid, grantId } = reference;
    if (accountId === undefined) return undefined;
    if (sessionUid !== undefined) return findByUid(sessionUid);
    if (grantId === undefined) return undefined;
    const sessions = await listSessions(accountId);
    return sessions.find(({ clients }) => clients.some((each) => each.grantId === grantId));
  };
}
