import { createPasswordHasher, DEFAULT_PASSWORD_HASHING } from "../accounts/password-hasher.js";
import { createRestrictedSignIn, createSignIn } from "../accounts/sign-in.js";
import type { Attempts } from "./attempts.js";
import type { Foundation } from "./foundation.js";

export type Passwords = ReturnType<typeof createPasswords>;

/** Who knows a password, as costly to guess as the operator says. */
export function createPasswords({ stores, config, logger, clock }: Foundation, attempts: Attempts) {
  const passwordHasher = createPasswordHasher({
    ...DEFAULT_PASSWORD_HASHING,
    ...config.passwordHash,
    concurrency: config.passwordHashConcurrency,
    queueLength: config.passwordHashQueue,
  });
  const { accounts, upstreamProviders } = stores;
  const provePassword = createSignIn({ accounts, passwordHasher, attempts, logger, clock });
  return {
    passwordHasher,
    provePassword,
    signIn: createRestrictedSignIn(provePassword, async () =>
      (await upstreamProviders.list()).some(({ only, disabled }) => only && !disabled),
    ),
  };
}
