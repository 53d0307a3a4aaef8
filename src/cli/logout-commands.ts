import type { Command } from "commander";
import type { WithApp } from "../commands/command.js";
import * as logouts from "../commands/logout-commands.js";

/** `latchkey logout`. */
export function addLogoutCommands(program: Command, withApp: WithApp): void {
  const logout = program
    .command("logout")
    .description("what clients are told about sessions that ended");
  logout
    .command("list")
    .description("list back-channel logouts, the newest first")
    .option("--failed", "only those that were given up", false)
    .option("--client <client-id>", "only those of one client")
    .action(({ failed, client: clientId }: { failed: boolean; client?: string }) =>
      withApp((app) => logouts.listLogouts(app, { failed, clientId })),
    );
  logout
    .command("retry <id>")
    .description("deliver one again that failed, or at once one that waits")
    .action((id: string) => withApp((app) => logouts.retryLogout(app, id)));
}
