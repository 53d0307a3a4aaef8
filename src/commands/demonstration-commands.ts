import type { App } from "../app.js";
import type { CommandResult } from "./command.js";

/** Ends what a trial left behind, so that the database may be used in production. */
export async function removeDemonstration(
  app: Pick<App, "accounts" | "clients" | "revocations">,
): Promise<CommandResult> {
  const accountIds = await app.accounts.listDemonstration();
  const clientIds = await app.clients.listDemonstration();
  // Before: what is not there any more cannot be removed again, should only half be done.
  await app.revocations.revoke([
    ...accountIds.map((id) => ({ subject: "account" as const, id })),
    ...clientIds.map((id) => ({ subject: "client" as const, id })),
  ]);
  const accounts = await app.accounts.deleteDemonstration();
  const clients = await app.clients.deleteDemonstration();
  return {
    text: `Removed ${accounts} demonstration accounts and ${clients} demonstration clients.`,
    data: { accounts, clients },
  };
}
