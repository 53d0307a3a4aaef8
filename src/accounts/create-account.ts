import { LatchkeyError } from "../lib/errors.js";
import { randomToken } from "../lib/random-token.js";
import type { AcceptedTerms, Account, AccountId, ProfileClaims } from "./account.js";
import { toAccountId } from "./account.js";
import { checkEmail, checkUsername } from "./account-names.js";
import type { AccountProblem } from "./account-problem.js";
import type { AccountStore } from "./account-store.js";
import type { PasswordHasher } from "./password-hasher.js";
import type { CheckPassword } from "./password-policy.js";

export interface CreateAccountDeps {
  readonly accounts: AccountStore;
  readonly passwordHasher: PasswordHasher;
  readonly checkPassword: CheckPassword;
}

export interface CreateAccountInput {
  readonly username: string;
  readonly email?: string | undefined;
  readonly emailVerified?: boolean;
  readonly profile?: ProfileClaims;
  readonly demonstration?: boolean;
  readonly terms?: AcceptedTerms | undefined;
  /** Absent for an account that signs in another way. */
  readonly password?: string | undefined;
}

/** @throws InvalidAccountError, IdentifierTakenError, PasswordHashingOverloadedError */
export type CreateAccount = (input: CreateAccountInput) => Promise<Account>;

/** Ends the sessions, grants and tokens of an account; where it can, all but those of one session. */
export type EndAccountAccess = (id: AccountId, keptSessionUid?: string) => Promise<unknown>;

export interface SetPasswordDeps extends CreateAccountDeps {
  readonly endAccess: EndAccountAccess;
}

/**
 * Replaces the password, whether there was one or not, and ends all that the account has open: who
 * knew the old one may hold some of it (ASVS 5.0 7.4.3).
 *
 * @param keptSessionUid the session of who changes their own password: it goes on, with its grants.
 * @throws InvalidAccountError, PasswordHashingOverloadedError, LatchkeyError `account_not_found`
 */
export type SetPassword = (
  id: AccountId,
  password: string,
  keptSessionUid?: string,
) => Promise<void>;

export class InvalidAccountError extends LatchkeyError {
  readonly problems: readonly AccountProblem[];

  constructor(problems: readonly AccountProblem[]) {
    const english = problems.map((problem) => problem.english).join(" ");
    super("invalid_account", english, { status: 400 });
    this.problems = problems;
  }
}

/** 128 bit, so that ids are neither guessed nor ever the same. */
const ACCOUNT_ID_BYTES = 16;

export function createCreateAccount(deps: CreateAccountDeps): CreateAccount {
  const { accounts, passwordHasher, checkPassword } = deps;
  return async (input) => {
    const { username, email, password } = input;
    const problems = [...checkUsername(username, email), ...checkEmail(email)];
    if (password !== undefined) {
      problems.push(...(await checkPassword(password, { username, email })));
    }
    if (problems.length > 0) throw new InvalidAccountError(problems);
    return accounts.create({
      id: generateAccountId(),
      username,
      email,
      emailVerified: input.emailVerified ?? false,
      profile: input.profile ?? {},
      demonstration: input.demonstration ?? false,
      ...(input.terms === undefined ? {} : { terms: input.terms }),
      passwordHash: password === undefined ? undefined : await passwordHasher.hash(password),
    });
  };
}

export function createSetPassword(deps: SetPasswordDeps): SetPassword {
  const { accounts, passwordHasher, checkPassword, endAccess } = deps;
  return async (id, password, keptSessionUid) => {
    const account = await accounts.find(id);
    if (account === undefined) throw accountNotFound();
    const { username, email } = account;
    const problems = await checkPassword(password, { username, email });
    if (problems.length > 0) throw new InvalidAccountError(problems);
    const passwordHash = await passwordHasher.hash(password);
    if (!(await accounts.setPasswordHash(id, passwordHash))) throw accountNotFound();
    // Afterwards: nobody signs in with the old one any more.
    await endAccess(id, keptSessionUid);
  };
}

/** Prefixed, so that no account id is ever a client id (RFC 9700 §4.15), nor begins with a dash. */
export function generateAccountId(): AccountId {
  return toAccountId(`acct_${randomToken(ACCOUNT_ID_BYTES)}`);
}

function accountNotFound(): LatchkeyError {
  return new LatchkeyError("account_not_found", "There is no such account.", { status: 404 });
}
