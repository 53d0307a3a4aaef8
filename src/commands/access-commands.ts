import type { App } from "../app.js";
import { requireAccount } from "./account-commands.js";
import { notFound, type CommandResult } from "./command.js";

type Access = Pick<App, "accounts" | "clients" | "endAccess" | "audit">;

/** Ends all sessions, grants and tokens of one person. */
export async function signOutAccount(app: Access, username: string): Promise<CommandResult> {
  const { id, username: name } = await requireAccount(app, username);
  await app.endAccess.ofAccount(id);
  app.audit({ event: "account.changed", outcome: "success", accountId: id, action: "sign-out" });
  return {
    text: `The account "${name}" is signed out everywhere; its tokens are revoked.`,
    data: { id, username: name },
  };
}

/** Takes back what one person allowed one client, with the tokens that it got by that. */
export async function withdrawConsent(
  app: Access,
  username: string,
  clientId: string,
): Promise<CommandResult> {
  const { id, username: name } = await requireAccount(app, username);
  await requireClient(app, clientId);
  await app.endAccess.ofConsent(id, clientId);
  const facts = { accountId: id, clientId, action: "withdrawn", by: "administrator" };
  app.audit({ event: "consent", outcome: "success", ...facts });
  return {
    text: `What "${name}" allowed the client "${clientId}" is withdrawn, and its tokens are revoked.`,
    data: { account_id: id, username: name, client_id: clientId },
  };
}

/** Ends all grants and tokens of one client; what is stored of its registration and consents stays. */
export async function revokeClientTokens(app: Access, clientId: string): Promise<CommandResult> {
  await requireClient(app, clientId);
  await app.endAccess.ofClient(clientId);
  app.audit({ event: "client.updated", outcome: "success", clientId, action: "revoke-tokens" });
  return {
    text: `All tokens of the client "${clientId}" are revoked.`,
    data: { client_id: clientId },
  };
}

async function requireClient(app: Access, clientId: string): Promise<void> {
  if ((await app.clients.find(clientId)) === undefined) throw notFound("client", clientId);
}
