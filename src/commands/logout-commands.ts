import type { App } from "../app.js";
import { LatchkeyError } from "../lib/errors.js";
import type { LogoutDelivery } from "../sessions/logout-delivery-store.js";
import { formatTable, formatTime, type CommandResult } from "./command.js";

type Logouts = Pick<App, "logoutDeliveries">;

export interface ListLogoutsOptions {
  readonly failed: boolean;
  readonly clientId: string | undefined;
}

/** More than fits a screen; the rest is found by client. */
const MAX_LISTED = 100;

export async function listLogouts(
  app: Logouts,
  { failed, clientId }: ListLogoutsOptions,
): Promise<CommandResult> {
  const logouts = await app.logoutDeliveries.list({
    ...(failed ? { state: "failed" as const } : {}),
    ...(clientId === undefined ? {} : { clientId }),
    limit: MAX_LISTED,
  });
  const rows = logouts.map((logout) => [
    logout.id,
    logout.clientId,
    logout.accountId,
    logout.state,
    formatTime(logout.requestedAtSeconds),
    String(logout.failures),
    describeNext(logout),
  ]);
  const header = ["ID", "CLIENT", "ACCOUNT", "STATE", "REQUESTED", "FAILURES", "WHAT NEXT, OR WHY"];
  const table = formatTable(header, rows);
  const isCut = logouts.length === MAX_LISTED;
  return {
    text: isCut ? `${table}\nOnly the newest ${MAX_LISTED} are shown.` : table,
    data: logouts.map(describe),
  };
}

export async function retryLogout(app: Logouts, id: string): Promise<CommandResult> {
  if (!(await app.logoutDeliveries.restart(id))) {
    const message = `There is no logout "${id}" to deliver again: it is unknown, delivered, or being delivered right now.`;
    throw new LatchkeyError("not_found", message, { status: 404 });
  }
  return { text: `The logout "${id}" is delivered again at once.`, data: { id } };
}

function describe(logout: LogoutDelivery): Record<string, unknown> {
  return {
    id: logout.id,
    client_id: logout.clientId,
    account_id: logout.accountId,
    sid: logout.sid,
    destination: logout.destination,
    state: logout.state,
    failures: logout.failures,
    reason: logout.reason ?? null,
    requested_at: logout.requestedAtSeconds,
    due_at: logout.dueAtSeconds ?? null,
    finished_at: logout.finishedAtSeconds ?? null,
  };
}

function describeNext({ state, reason, dueAtSeconds, finishedAtSeconds }: LogoutDelivery): string {
  if (state === "delivered") return `delivered ${formatTime(finishedAtSeconds)}`;
  if (state === "failed") return reason ?? "";
  const next = `due ${formatTime(dueAtSeconds)}`;
  return reason === undefined ? next : `${next}: ${reason}`;
}
