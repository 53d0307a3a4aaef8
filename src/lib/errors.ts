/**
 * Base of every error that Latchkey raises on purpose.
 *
 * `code` is stable and machine-readable, `message` may be shown to the person or client who caused
 * it, `cause` never leaves the process.
 */
export class LatchkeyError extends Error {
  readonly code: string;
  /** HTTP status when the error ends a request. */
  readonly status: number;
  /** Seconds after which the same request may succeed; becomes `Retry-After`. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: string,
    message: string,
    options: { status?: number; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.status = options.status ?? 500;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}
