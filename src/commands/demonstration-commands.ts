import type { App } from "../app.js";
import type { CommandResult } from "./command.js";

/** Ends what a trial left behind, so that the database may be used in production. */
export async function removeDemonstration(
  app: Pick<App, "accounts" | "clients">,
): Promise<CommandResult> {
  const accounts = await app.accounts.deleteDemonstration();
  const clients = await app.clients.deleteDemonstration();
  return {
    text: `Removed ${accounts} demonstration accounts and ${clients} demonstration clients.`,
    data: { accounts, clients },
  };
}
