import { createPasswordHasher, DEFAULT_PASSWORD_HASHING } from "../accounts/password-hasher.js";
import { createRestrictedSignIn, createSignIn } from "../accounts/sign-in.js";
import type { Attempts } from "./attempts.js";
import type { Foundation } from "./foundation.js";
import { openPasswordPolicy } from "./password-policy.js";

export type Passwords = Awaited<ReturnType<typeof openPasswords>>;

/** Who knows a password, as costly to guess as the operator says. */
export async function openPasswords(foundation: Foundation, attempts: Attempts) {
  const { stores, config, logger, clock } = foundation;
  const passwordHasher = createPasswordHasher({
    ...DEFAULT_PASSWORD_HASHING,
    ...config.passwordHash,
    concurrency: config.passwordHashConcurrency,
    queueLength: config.passwordHashQueue,
  });
  const { accounts, upstreamProviders } = stores;
  const provePassword = createSignIn({ accounts, passwordHasher, attempts, logger, clock });
  return {
    ...(await openPasswordPolicy(foundation)),
    passwordHasher,
    provePassword,
    signIn: createRestrictedSignIn(provePassword, async () =>
      (await upstreamProviders.list()).some(({ only, disabled }) => only && !disabled),
    ),
  };
}
