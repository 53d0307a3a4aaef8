import {
  DEFAULT_PASSWORD_HASHING,
  type PasswordHashingOptions,
} from "../../../src/accounts/password-hasher.js";

/** Argon2 too weak to be used, for tests that are not about its cost. */
export const CHEAP_HASHING: PasswordHashingOptions = {
  ...DEFAULT_PASSWORD_HASHING,
  memoryKib: 256,
  iterations: 1,
  queueLength: 400,
};
