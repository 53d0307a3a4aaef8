import { LatchkeyError } from "../lib/errors.js";

export class IdentifierTakenError extends LatchkeyError {
  constructor(identifier: string) {
    super("identifier_taken", `An account with the user name or address "${identifier}" exists.`, {
      status: 409,
    });
  }
}
