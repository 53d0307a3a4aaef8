import type { Context } from "koa";
import type { AttemptLimits } from "../accounts/attempt-limits.js";
import type { AttemptKind } from "../accounts/attempt-rules.js";
import { TooManyAttemptsError } from "../accounts/too-many-attempts-error.js";
import type { Message, Moment } from "../lib/message.js";
import type { AllowedAttempt, AttemptTarget, LimitAttempts } from "./limit-attempts.js";
import { overAt, tooManyAttempts, type FormRefusal } from "./too-many-attempts.js";

/** How long the next attempt of a kind has to wait. */
export interface Wait {
  readonly seconds: number;
  /** When it is over. */
  readonly at: Moment;
}

/** Limits on attempts, for forms that keep what was typed. */
export interface FormLimits {
  /** As `LimitAttempts`; what the form says is the answer. Sets `Retry-After`. */
  begin(
    ctx: Context,
    kind: AttemptKind,
    target?: AttemptTarget,
  ): Promise<AllowedAttempt | (FormRefusal & { readonly isAllowed: false })>;
  /** Of one that is not begun; undefined: none. Counts nothing. */
  findWait(ctx: Context, kind: AttemptKind, subject: string): Promise<Wait | undefined>;
}

/** What a page with a code says that was refused. */
export interface CodeProblem {
  readonly error: Message;
  readonly status: 422 | 429;
  /** The new code was refused, and not the one that was typed. */
  readonly isOfResend?: boolean;
}

export interface FormLimitsDeps {
  readonly limitAttempts: LimitAttempts;
  readonly attempts: Pick<AttemptLimits, "findWait">;
}

export function createFormLimits({ limitAttempts, attempts }: FormLimitsDeps): FormLimits {
  return {
    async begin(ctx, kind, target) {
      try {
        return await limitAttempts(ctx, kind, target);
      } catch (err) {
        if (!(err instanceof TooManyAttemptsError)) throw err;
        return { isAllowed: false, ...tooManyAttempts(ctx, err.retryAfterSeconds, "many") };
      }
    },

    async findWait(ctx, kind, subject) {
      const seconds = await attempts.findWait(kind, { from: { ip: ctx.ip }, subject });
      return seconds === 0 ? undefined : { seconds, at: overAt(ctx, seconds) };
    },
  };
}
