import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import type { Account } from "./account.js";
import type { AccountStore, SignInRecord } from "./account-store.js";
import type { PasswordHasher } from "./password-hasher.js";

export interface SignInDeps {
  readonly accounts: Pick<AccountStore, "findForSignIn" | "replacePasswordHash">;
  readonly passwordHasher: PasswordHasher;
  readonly logger: Pick<Logger, "error">;
  readonly clock: Clock;
}

/** For the log only: a person or client is told the same whatever the reason. */
type SignInRefusal =
  | "unknown_account"
  | "wrong_password"
  | "disabled"
  | "no_password"
  /** Another provider is the only way in, whatever the password. */
  | "passwords_off";

export type SignInResult =
  | {
      readonly outcome: "signed_in";
      readonly account: Account;
      /** Authentication methods, RFC 8176 §2. */
      readonly amr: readonly ["pwd"];
      /** Before the account was read, so that a password that was changed since ends this sign-in. */
      readonly signedInAtSeconds: number;
    }
  | { readonly outcome: "refused"; readonly reason: SignInRefusal };

/**
 * Verifies a user name or e-mail address and a password. Every refusal costs one reading of the
 * store and one verification of a hash, so that time does not tell the reasons apart.
 *
 * @throws PasswordHashingOverloadedError when too many are signing in.
 */
export type SignIn = (credentials: {
  readonly identifier: string;
  readonly password: string;
}) => Promise<SignInResult>;

export function createSignIn({ accounts, passwordHasher, logger, clock }: SignInDeps): SignIn {
  async function rehash(password: string, { account, passwordHash }: SignInRecord) {
    if (passwordHash === undefined || !passwordHasher.needsRehash(passwordHash)) return;
    try {
      const next = await passwordHasher.hash(password);
      // False when the password was changed meanwhile: the new one stays.
      await accounts.replacePasswordHash(account.id, passwordHash, next);
    } catch (error) {
      logger.error({ err: error, accountId: account.id }, "password hash not renewed at sign-in");
    }
  }

  return async ({ identifier, password }) => {
    const signedInAtSeconds = clock.nowSeconds();
    const record = await accounts.findForSignIn(identifier);
    const matches =
      record?.passwordHash === undefined
        ? await passwordHasher.verifyNothing(password)
        : await passwordHasher.verify(password, record.passwordHash);
    if (record === undefined) return refused("unknown_account");
    if (record.passwordHash === undefined) return refused("no_password");
    if (!matches) return refused("wrong_password");
    if (record.account.disabled) return refused("disabled");
    await rehash(password, record);
    return { outcome: "signed_in", account: record.account, amr: ["pwd"], signedInAtSeconds };
  };
}

/** The same, unless passwords are no way in; then nothing is read or hashed. */
export function createRestrictedSignIn(
  signIn: SignIn,
  arePasswordsOff: () => Promise<boolean>,
): SignIn {
  return async (credentials) =>
    (await arePasswordsOff()) ? refused("passwords_off") : signIn(credentials);
}

function refused(reason: SignInRefusal): SignInResult {
  return { outcome: "refused", reason };
}
