import { LatchkeyError } from "../lib/errors.js";

/** Two devices drew one code: the client asks again and gets another. */
export function userCodeTaken(cause?: unknown): LatchkeyError {
  return new LatchkeyError("user_code_taken", "This user code is in use. Please ask for another.", {
    status: 503,
    retryAfterSeconds: 1,
    cause,
  });
}
