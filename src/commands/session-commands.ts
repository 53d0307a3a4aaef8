import type { App } from "../app.js";
import type { SessionSummary } from "../oidc/session-directory.js";
import { requireAccount } from "./account-commands.js";
import { formatTable, formatTime, notFound, type CommandResult } from "./command.js";

type Live = Pick<App, "accounts" | "sessionDirectory" | "endSessions">;

/** The live sessions of one person, the one seen last first. */
export async function listSessions(app: Live, username: string): Promise<CommandResult> {
  const { id } = await requireAccount(app, username);
  const sessions = await app.sessionDirectory.listSessions(id);
  const summaries = await Promise.all(sessions.map((each) => app.sessionDirectory.summarize(each)));
  const rows = summaries.map((summary) => [
    summary.handle,
    formatTime(summary.signedInAtSeconds),
    formatTime(summary.lastSeenAtSeconds),
    formatTime(Math.min(summary.idleEndsAtSeconds, summary.endsAtSeconds)),
    summary.network ?? "",
    summary.clients.map(({ name }) => name).join(", "),
  ]);
  const header = ["SESSION", "SIGNED IN", "LAST SEEN", "ENDS", "NETWORK", "CLIENTS"];
  const text = rows.length === 0 ? "Nobody is signed in." : formatTable(header, rows);
  return { text, data: summaries.map(describe) };
}

/** @param handle as `session list` shows it. */
export async function endSession(app: Live, handle: string): Promise<CommandResult> {
  const session = await app.sessionDirectory.findToEnd(handle);
  if (session === undefined) throw notFound("session", handle);
  const { accountId, clients } = await app.endSessions.endSession(session, {
    reason: "administrator",
    includingOffline: false,
  });
  return {
    text: `Ended the session, at ${clients.length} clients. Offline access that they got stays; \`latchkey session end --all <username>\` ends it, too.`,
    data: { session: handle, account_id: accountId, clients },
  };
}

function describe(summary: SessionSummary) {
  return {
    session: summary.handle,
    account_id: summary.accountId,
    auth_time: summary.signedInAtSeconds,
    last_seen_at: summary.lastSeenAtSeconds,
    idle_expires_at: summary.idleEndsAtSeconds,
    expires_at: summary.endsAtSeconds,
    network: summary.network ?? null,
    user_agent: summary.userAgent ?? null,
    clients: summary.clients.map(({ clientId }) => clientId),
  };
}
