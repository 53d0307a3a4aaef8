import type { AccountId } from "../accounts/account.js";
import type { PersonalRecordStore } from "../accounts/personal-records.js";
import type { Clock } from "../lib/clock.js";
import type { ListApps } from "./connected-apps.js";
import type { SessionDirectory } from "./session-directory.js";

export interface ExportAccountDeps {
  readonly personalRecords: PersonalRecordStore;
  readonly sessionDirectory: Pick<SessionDirectory, "listSessions" | "summarize">;
  readonly listApps: ListApps;
  readonly issuer: string;
  readonly clock: Clock;
}

/** As JSON; `docs/guides/personal-data.md` says what each part is. */
export type ExportedAccount = Readonly<Record<string, unknown>>;

/** All that is kept of a person, without secrets and what is made of them. */
export type ExportAccount = (id: AccountId) => Promise<ExportedAccount>;

export function createExportAccount(deps: ExportAccountDeps): ExportAccount {
  const { personalRecords, sessionDirectory, listApps, issuer, clock } = deps;
  return async (id) => {
    const [records, sessions, apps] = await Promise.all([
      personalRecords.listOfAccount(id),
      sessionDirectory.listSessions(id),
      listApps(id),
    ]);
    const { account: [account = {}] = [], ...others } = records;
    return {
      issuer,
      exported_at: toTime(clock.nowSeconds()),
      account: readable(account),
      ...Object.fromEntries(
        Object.entries(others).map(([table, rows]) => [table, rows.map(readable)]),
      ),
      session: (await Promise.all(sessions.map((each) => sessionDirectory.summarize(each)))).map(
        (session) => ({
          signed_in_at: toTime(session.signedInAtSeconds),
          last_seen_at: toTime(session.lastSeenAtSeconds),
          ends_at: toTime(session.endsAtSeconds),
          acr: session.acr ?? null,
          amr: session.amr,
          network: session.network ?? null,
          user_agent: session.userAgent ?? null,
          client_ids: session.clients.map(({ clientId }) => clientId),
        }),
      ),
      app: apps.map((app) => ({
        client_id: app.clientId,
        name: app.name,
        scopes: app.scopes,
        claims: app.claims,
        api_scopes: app.resourceScopes,
        offline_access: app.offline,
        last_used_at: toTime(app.lastUsedAtSeconds),
        allowed_at: toTime(app.allowedAtSeconds),
      })),
    };
  };
}

/** Yes-or-no columns, which SQLite gives back as 0 and 1. */
const FLAGS = new Set(["email_verified", "disabled", "synced", "backed_up"]);

function readable(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, readableValue(name, value)]),
  );
}

function readableValue(name: string, value: unknown): unknown {
  if (value === null) return null;
  if (name.endsWith("_at") || name === "at") return toTime(Number(value));
  if (FLAGS.has(name)) return Boolean(value);
  if (typeof value === "string" && /^[[{]/.test(value)) return JSON.parse(value);
  return value;
}

function toTime(seconds: number | undefined): string | null {
  return seconds === undefined ? null : new Date(seconds * 1000).toISOString();
}
