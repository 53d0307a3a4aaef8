import type { Client } from "oidc-provider";

/** What people know a client by; its id when it registered no name. */
export function clientName(client: Client | undefined): string {
  return client?.clientName ?? client?.clientId ?? "the application";
}
