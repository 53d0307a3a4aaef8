import type { Client } from "oidc-provider";
import { message, type Message } from "../lib/message.js";

/** What people know a client by; its id when it registered no name. */
export function clientName(client: Client): string;
/** One that is gone is told apart by no name. */
export function clientName(client: Client | undefined): string | Message;
export function clientName(client: Client | undefined): string | Message {
  return client?.clientName ?? client?.clientId ?? message("common.unknown-app");
}
