import type { Logger } from "./logger.js";

export type AuditEvent =
  | "sign_in"
  | "attempts.limited"
  | "sign_out"
  | "consent"
  | "consent.withdrawn"
  | "token.issued"
  | "token.exchanged"
  | "token.refused"
  | "token.refreshed"
  | "token.revoked"
  | "token.replayed"
  | "grant.revoked"
  | "session.ended"
  | "session.left"
  | "session.chosen"
  | "logout.delivered"
  | "logout.failed"
  | "logout.received"
  | "mail.delivered"
  | "mail.failed"
  | "authorization.refused"
  | "scope.narrowed"
  | "api.created"
  | "api.updated"
  | "api.deleted"
  | "provider.created"
  | "provider.updated"
  | "provider.deleted"
  | "client.registered"
  | "client.updated"
  | "client.deleted"
  | "client_authentication"
  | "token_exchange_policy.changed"
  | "key.created"
  | "key.retired"
  | "key.dropped"
  | "account.created"
  | "sign_up.requested"
  | "sign_up.confirmed"
  | "password_reset.requested"
  | "password_reset.confirmed"
  | "password.reset"
  | "account.changed"
  | "account.disowned"
  | "account.invited"
  | "second_step"
  | "account.exported"
  | "account.deletion_requested"
  | "account.deletion_cancelled"
  | "account.deleted"
  | "second_step.set_up"
  | "second_step.removed"
  | "recovery_codes.made"
  | "recovery_code.used"
  | "identity.linked"
  | "identity.unlinked"
  | "passkey.added"
  | "passkey.renamed"
  | "passkey.removed";

/** One security event: who did what, from where, with what result. Never a secret or a token. */
export interface AuditEntry {
  readonly event: AuditEvent;
  readonly outcome: "success" | "failure";
  /** Why it failed, for operators; the person or client sees less. */
  readonly reason?: string | undefined;
  readonly accountId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly ip?: string | undefined;
  readonly requestId?: string | undefined;
  readonly [detail: string]: unknown;
}

export type Audit = (entry: AuditEntry) => void;

/**
 * Security events are log lines with `audit: true`, so that one filter finds them all. A line that
 * cannot be written (a full disk) does not fail what it tells of; the loss goes to standard error,
 * as a warning of the process.
 */
export function createAudit(logger: Logger): Audit {
  return (entry) => {
    const level = entry.outcome === "success" ? "info" : "warn";
    try {
      logger[level]({ audit: true, ...entry }, entry.event);
    } catch (err) {
      process.emitWarning(`audit line "${entry.event}" is lost`, { detail: String(err) });
    }
  };
}
