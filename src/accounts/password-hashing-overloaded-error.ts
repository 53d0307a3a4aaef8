import { LatchkeyError } from "../lib/errors.js";

/** More passwords wait to be hashed than will be in good time; nothing was hashed for this one. */
export class PasswordHashingOverloadedError extends LatchkeyError {
  constructor() {
    super("temporarily_unavailable", "Too many people are signing in at once. Please try again.", {
      status: 503,
      retryAfterSeconds: 2,
    });
  }
}
