import type { Command } from "commander";
import * as accounts from "../commands/account-commands.js";
import { signOutAccount, withdrawConsent } from "../commands/access-commands.js";
import { resetSecondStep } from "../commands/second-step-commands.js";
import type { WithApp } from "../commands/command.js";
import { positiveInteger } from "./positive-integer.js";
import { readPassword } from "../commands/read-password.js";

interface CreateOptions {
  email?: string;
  emailVerified: boolean;
  name?: string;
}

/**
 * `latchkey account` and `latchkey consent`.
 *
 * @param withSessions also opens the store that attempts are counted in.
 * @param withSessions also opens the store that sessions lie in.
 */
export function addAccountCommands(
  program: Command,
  withApp: WithApp,
  withSessions: WithApp,
): void {
  const account = program.command("account").description("people who sign in");
  account
    .command("create <username>")
    .description("create an account; the password comes from a prompt or standard input")
    .option("--email <address>")
    .option("--email-verified", "the address is known to be theirs", false)
    .option("--name <name>", "full name")
    .action((username: string, { email, emailVerified, name }: CreateOptions) =>
      withApp(async (app) => {
        const password = await readPassword();
        return accounts.createAccount(app, { username, email, emailVerified, name, password });
      }),
    );
  account
    .command("invite <email>")
    .description("create an account for whoever signs in by a provider with this verified address")
    .option("--name <name>", "full name, until the provider says another")
    .option("--days <days>", "how long it waits", positiveInteger, 14)
    .action((email: string, { name, days }: { name?: string; days: number }) =>
      withApp((app) => accounts.inviteAccount(app, { email, name, days })),
    );
  account
    .command("list")
    .description("list all accounts")
    .action(() => withApp(accounts.listAccounts));
  account
    .command("disable <username>")
    .description("end all that the account has open, and refuse sign-in until enabled again")
    .action((username: string) => withApp((app) => accounts.setDisabled(app, username, true)));
  account
    .command("enable <username>")
    .description("allow a disabled account again")
    .action((username: string) => withApp((app) => accounts.setDisabled(app, username, false)));
  account
    .command("set-password <username>")
    .description("set a new password, from a prompt or standard input, and end what is open")
    .action((username: string) =>
      withApp(async (app) => accounts.setPassword(app, username, await readPassword())),
    );
  account
    .command("unlock <username>")
    .description("forget the failed attempts that somebody has to wait for")
    .action((username: string) => withSessions((app) => accounts.unlockAccount(app, username)));
  account
    .command("export <username>")
    .description("print all that is kept of a person, as they can download it")
    .action((username: string) => withSessions((app) => accounts.exportAccount(app, username)));
  account
    .command("delete <username>")
    .description("end all that the account has open, and delete it after DELETION_GRACE_DAYS")
    .option("--now", "at once: nobody can take it back", false)
    .action((username: string, { now: atOnce }: { now: boolean }) =>
      withApp((app) => accounts.deleteAccount(app, username, { atOnce })),
    );
  account
    .command("keep <username>")
    .description("do not delete an account that was to be deleted")
    .action((username: string) => withApp((app) => accounts.keepAccount(app, username)));
  account
    .command("sign-out <username>")
    .description("end all sessions, grants and tokens of the account")
    .action((username: string) => withApp((app) => signOutAccount(app, username)));
  account
    .command("reset-second-step <username>")
    .description("remove the authenticator app and recovery codes, and end what is open")
    .action((username: string) => withApp((app) => resetSecondStep(app, username)));
  program
    .command("consent")
    .description("what people allowed applications")
    .command("withdraw <username> <client-id>")
    .description("take it back, with the tokens that the application got by it")
    .action((username: string, clientId: string) =>
      withApp((app) => withdrawConsent(app, username, clientId)),
    );
}
