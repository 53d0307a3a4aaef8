import { Secret, TOTP } from "otpauth";
import type { Account } from "../../src/accounts/account.js";
import type { TestServer } from "./test-server.js";

const PERIOD_SECONDS = 30;

/** An app that has the secret of an account, and knows which codes it has given. */
export interface AuthenticatorApp {
  /** One that was not used; three in a row without time passing, of the steps that count now. */
  nextCode(): string;
  /** Of so many steps ago. */
  codeOf(stepsAgo: number): string;
}

export function createAuthenticatorApp(secret: string): AuthenticatorApp {
  let used = 0;
  const now = () => Math.floor(Date.now() / 1000 / PERIOD_SECONDS);
  const at = (step: number) =>
    new TOTP({ secret: Secret.fromBase32(secret) }).generate({
      timestamp: step * PERIOD_SECONDS * 1000,
    });
  return {
    nextCode() {
      used = Math.max(used + 1, now() - 1);
      return at(used);
    },
    codeOf: (stepsAgo) => at(now() - stepsAgo),
  };
}

export interface Enrolled {
  readonly account: Account;
  readonly app: AuthenticatorApp;
  readonly recoveryCodes: readonly string[];
}

/** As if the person had set up an app on the page; its first code is used. */
export async function enrolAuthenticator(
  { app: { accounts, secondSteps } }: Pick<TestServer, "app">,
  username: string,
): Promise<Enrolled> {
  const account = (await accounts.findForSignIn(username))?.account;
  if (account === undefined) throw new Error(`no account ${username}`);
  const { secret } = secondSteps.begin(account);
  const app = createAuthenticatorApp(secret);
  const given = { secret, code: app.nextCode(), replaces: false };
  const outcome = await secondSteps.confirm(account.id, given);
  const recoveryCodes = await secondSteps.makeRecoveryCodes(account.id);
  if (outcome !== "confirmed" || recoveryCodes === undefined) throw new Error(outcome);
  return { account, app, recoveryCodes };
}
