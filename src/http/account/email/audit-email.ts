import type { Context } from "koa";
import type { ConfirmedEmail } from "../../../accounts/change-email.js";
import type { Audit } from "../../../lib/audit.js";

interface TriedEmail {
  /** Undefined: a link that does not count, of whomever. */
  readonly accountId: string | undefined;
  readonly confirmed: ConfirmedEmail | undefined;
}

/** Says that an account has an address, or that a code or link for one was refused. */
export function auditEmail(audit: Audit, ctx: Context, { accountId, confirmed }: TriedEmail): void {
  audit({
    event: "account.changed",
    action: isChange(confirmed) ? "change-email" : "confirm-email",
    by: "account",
    outcome: confirmed === undefined ? "failure" : "success",
    accountId,
    ip: ctx.ip,
    requestId: String(ctx.state["requestId"]),
  });
}

/** Not the same one, which was not confirmed before. */
function isChange(confirmed: ConfirmedEmail | undefined): boolean {
  const former = confirmed?.account.email;
  return confirmed !== undefined && former !== confirmed.email;
}
