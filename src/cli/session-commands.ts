import type { Command } from "commander";
import { signOutAccount } from "../commands/access-commands.js";
import type { WithApp } from "../commands/command.js";
import * as sessions from "../commands/session-commands.js";

/**
 * `latchkey session`.
 *
 * @param withSessions also opens the store that sessions lie in.
 */
export function addSessionCommands(
  program: Command,
  withApp: WithApp,
  withSessions: WithApp,
): void {
  const session = program.command("session").description("where people are signed in");
  session
    .command("list <username>")
    .description("list the sessions of one person, the one seen last first")
    .action((username: string) => withSessions((app) => sessions.listSessions(app, username)));
  session
    .command("end [session]")
    .description("end one session as `session list` names it, or all of a person")
    .option("--all <username>", "all of this person, with what applications got for later")
    .action((handle: string | undefined, { all: username }: { all?: string }) => {
      if ((handle === undefined) === (username === undefined)) {
        program.error("error: name a session, or a person with --all");
      }
      if (username !== undefined) return withApp((app) => signOutAccount(app, username));
      return withSessions((app) => sessions.endSession(app, handle ?? ""));
    });
}
