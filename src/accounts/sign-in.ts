import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import { maySignIn, normalizeIdentifier, type Account, type AccountId } from "./account.js";
import type { AccountStore, SignInRecord } from "./account-store.js";
import type { AttemptLimits, AttemptSource, BegunAttempt } from "./attempt-limits.js";
import type { PasswordHasher } from "./password-hasher.js";

export interface SignInDeps {
  readonly accounts: Pick<AccountStore, "findForSignIn" | "replacePasswordHash">;
  readonly passwordHasher: PasswordHasher;
  readonly attempts: Pick<AttemptLimits, "begin">;
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
  | "passwords_off"
  /** There were too many wrong ones: this one was not looked at. */
  | "too_many_attempts";

/** From where somebody signs in. */
export interface SignInSource extends AttemptSource {
  /** Undefined unless this device signed in to that very account before. */
  readonly findDevice?: (accountId: AccountId) => Promise<string | undefined>;
}

export type SignInResult =
  | {
      readonly outcome: "signed_in";
      readonly account: Account;
      /** Authentication methods, RFC 8176 §2. */
      readonly amr: readonly ["pwd"];
      /** Before the account was read, so that a password that was changed since ends this sign-in. */
      readonly signedInAtSeconds: number;
    }
  | {
      readonly outcome: "refused";
      readonly reason: SignInRefusal;
      /** Whose account it was tried at, if there is one; for the log only. */
      readonly accountId?: AccountId | undefined;
      /** Of `too_many_attempts`: when the next one is looked at. */
      readonly retryAfterSeconds?: number | undefined;
    };

type RefusedSignIn = Extract<SignInResult, { readonly outcome: "refused" }>;

/**
 * Verifies a user name or e-mail address and a password. Every refusal costs one reading of the
 * store and one verification of a hash, so that time does not tell the reasons apart. Where there were
 * too many wrong ones nothing is verified, whether the account is there or not.
 *
 * @throws PasswordHashingOverloadedError when too many are signing in.
 */
export type SignIn = (credentials: {
  readonly identifier: string;
  readonly password: string;
  readonly from: SignInSource;
}) => Promise<SignInResult>;

export function createSignIn(deps: SignInDeps): SignIn {
  const { accounts, passwordHasher, attempts, logger, clock } = deps;

  async function begin(
    identifier: string,
    record: SignInRecord | undefined,
    from: SignInSource,
  ): Promise<BegunAttempt> {
    const name = normalizeIdentifier(identifier);
    const accountId = record?.account.id;
    const deviceId = accountId && (await from.findDevice?.(accountId));
    return attempts.begin("password", {
      from,
      subject: accountId ?? name,
      name,
      accountId,
      deviceId,
    });
  }

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

  async function verify(password: string, record: SignInRecord | undefined): Promise<boolean> {
    return record?.passwordHash === undefined
      ? passwordHasher.verifyNothing(password)
      : passwordHasher.verify(password, record.passwordHash);
  }

  return async ({ identifier, password, from }) => {
    const signedInAtSeconds = clock.nowSeconds();
    const record = await accounts.findForSignIn(identifier);
    const attempt = await begin(identifier, record, from);
    const accountId = record?.account.id;
    if (!attempt.isAllowed) {
      return { ...refused("too_many_attempts", attempt.retryAfterSeconds), accountId };
    }
    const matches = await verify(password, record).catch(async (err: unknown) => {
      await attempt.withdraw();
      throw err;
    });
    if (record === undefined) return refused("unknown_account");
    if (record.passwordHash === undefined) return { ...refused("no_password"), accountId };
    if (!matches) return { ...refused("wrong_password"), accountId };
    if (!maySignIn(record.account)) return { ...refused("disabled"), accountId };
    await Promise.all([attempt.succeeded(), rehash(password, record)]);
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

/** For the log. */
export function accountIdOf(result: SignInResult): AccountId | undefined {
  return result.outcome === "signed_in" ? result.account.id : result.accountId;
}

function refused(reason: SignInRefusal, retryAfterSeconds?: number): RefusedSignIn {
  return { outcome: "refused", reason, retryAfterSeconds };
}
