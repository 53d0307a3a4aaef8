import { LatchkeyError } from "../lib/errors.js";

/** RFC 6585 §4. */
export class TooManyAttemptsError extends LatchkeyError {
  override readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super("too_many_attempts", "there were too many attempts: try again later", {
      status: 429,
      retryAfterSeconds,
    });
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
