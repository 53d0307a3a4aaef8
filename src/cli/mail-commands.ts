import type { Command } from "commander";
import type { WithApp } from "../commands/command.js";
import * as mails from "../commands/mail-commands.js";

/** `latchkey mail`. */
export function addMailCommands(program: Command, withApp: WithApp): void {
  const mail = program.command("mail").description("mail that waits or was given up");
  mail
    .command("list")
    .description("list mail that is not delivered, the newest first")
    .option("--failed", "only what was given up", false)
    .action(({ failed }: { failed: boolean }) => withApp((app) => mails.listMail(app, { failed })));
  mail
    .command("retry <id>")
    .description("deliver one again that failed, or at once one that waits")
    .action((id: string) => withApp((app) => mails.retryMail(app, id)));
}
