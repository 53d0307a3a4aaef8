import type { AuditEntry, AuditEvent } from "../lib/audit.js";

/** What people are told of, by the security event that it is. */
const KINDS: { readonly [Event in AuditEvent]?: string } = {
  "account.created": "account-created",
  consent: "app-allowed",
  "account.disowned": "disowned",
  "account.exported": "exported",
  "account.deletion_requested": "deletion-requested",
  "account.deletion_cancelled": "deletion-cancelled",
  "consent.withdrawn": "app-withdrawn",
  "session.ended": "signed-out",
  "second_step.set_up": "second-step-added",
  "second_step.removed": "second-step-removed",
  "recovery_codes.made": "recovery-codes-made",
  "recovery_code.used": "recovery-code-used",
  "identity.linked": "provider-connected",
  "identity.unlinked": "provider-removed",
  "passkey.added": "passkey-added",
  "passkey.removed": "passkey-removed",
  "password.reset": "password-reset",
  sign_in: "signed-in",
};

/** Of `account.changed`, by its `action`. */
const KINDS_OF_ACTION: Readonly<Record<string, string>> = {
  "set-password": "password-changed",
  disabled: "account-disabled",
  enabled: "account-enabled",
  profile: "profile-changed",
  "change-email": "email-changed",
  "confirm-email": "email-confirmed",
  "restore-email": "email-restored",
};

/** How long the same is counted together: an attack is a row an hour, not a flood. */
const COLLAPSED_SECONDS: Readonly<Record<string, number>> = {
  "sign-in-failed": 3600,
  "signed-out": 60,
};

/** Undefined: nothing that the person is told of. */
export function activityKindOf({ event, outcome, action }: AuditEntry): string | undefined {
  if (event === "sign_in" && outcome === "failure") return "sign-in-failed";
  if (outcome === "failure") return undefined;
  if (event === "account.changed") return KINDS_OF_ACTION[String(action)];
  return KINDS[event];
}

/** Undefined: each is told by itself. */
export function collapsedSeconds(kind: string): number | undefined {
  return COLLAPSED_SECONDS[kind];
}
