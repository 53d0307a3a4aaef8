import type { Context } from "koa";
import type { AttemptLimits, BegunAttempt } from "../accounts/attempt-limits.js";
import type { AttemptKind } from "../accounts/attempt-rules.js";
import { TooManyAttemptsError } from "../accounts/too-many-attempts-error.js";
import type { KnownDevices } from "./known-devices.js";

/** Whose secret is tried; all may be left out where only the network counts. */
export interface AttemptTarget {
  /** An account id, or what else names it: an address, a client id. */
  readonly subject?: string | undefined;
  /** When the subject is an account that is there. */
  readonly accountId?: string | undefined;
  readonly clientId?: string | undefined;
}

export type AllowedAttempt = Extract<BegunAttempt, { isAllowed: true }>;

/**
 * Counts one attempt of this kind. Call it before a secret is looked at or mail is sent; afterwards
 * `succeeded`, or nothing.
 *
 * @throws TooManyAttemptsError, which the error boundary answers with a page or JSON. A form that is
 *   to keep what was typed catches it, and asks `tooManyAttempts` for the words.
 */
export type LimitAttempts = (
  ctx: Context,
  kind: AttemptKind,
  target?: AttemptTarget,
) => Promise<AllowedAttempt>;

export interface LimitAttemptsDeps {
  readonly attempts: Pick<AttemptLimits, "begin">;
  readonly knownDevices: Pick<KnownDevices, "find">;
}

export function createLimitAttempts({ attempts, knownDevices }: LimitAttemptsDeps): LimitAttempts {
  return async (ctx, kind, { subject, accountId, clientId } = {}) => {
    const begun = await attempts.begin(kind, {
      from: { ip: ctx.ip, requestId: String(ctx.state["requestId"]), clientId },
      subject: subject ?? accountId,
      accountId,
      deviceId: accountId === undefined ? undefined : await knownDevices.find(ctx, accountId),
    });
    if (!begun.isAllowed) throw new TooManyAttemptsError(begun.retryAfterSeconds);
    return begun;
  };
}
