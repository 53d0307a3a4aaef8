import type { PresentedToken } from "../oidc/presented-token.js";
import type { EndedSession } from "../oidc/end-sessions.js";
import type { SessionSummary } from "../oidc/session-directory.js";
import type { SessionFacts } from "../oidc/session-facts.js";

/** The same for every reason. */
export const INACTIVE = { active: false };

/** For the browser whose session it is. */
export function describeToBrowser(summary: SessionSummary) {
  return {
    active: true,
    session: summary.handle,
    sub: summary.accountId,
    ...describeTimes(summary),
    clients: describeClients(summary),
  };
}

/** For an application: by the names that it knows already. */
export function describeToClient(
  summary: SessionSummary,
  { clients }: SessionFacts,
  { subject, clientId }: PresentedToken,
) {
  const sid = clients.find((each) => each.clientId === clientId)?.sid;
  return {
    active: true,
    sub: subject,
    ...(sid === undefined ? {} : { sid }),
    ...describeTimes(summary),
  };
}

/** For whoever may see everybody's. */
export function describeToManager(summary: SessionSummary) {
  const { network, userAgent } = summary;
  return {
    session: summary.handle,
    sub: summary.accountId,
    ...describeTimes(summary),
    last_seen_at: summary.lastSeenAtSeconds,
    network: network ?? null,
    user_agent: userAgent ?? null,
    clients: describeClients(summary),
  };
}

export function describeEnded(ended: readonly EndedSession[]) {
  return ended.map(({ handle, accountId, clients }) => ({
    session: handle,
    sub: accountId,
    clients,
  }));
}

function describeTimes(summary: SessionSummary) {
  const { acr, amr } = summary;
  return {
    auth_time: summary.signedInAtSeconds,
    ...(acr === undefined ? {} : { acr }),
    ...(amr.length === 0 ? {} : { amr }),
    idle_expires_at: summary.idleEndsAtSeconds,
    expires_at: summary.endsAtSeconds,
  };
}

function describeClients({ clients }: SessionSummary) {
  return clients.map(({ clientId, name }) => ({ client_id: clientId, client_name: name }));
}
