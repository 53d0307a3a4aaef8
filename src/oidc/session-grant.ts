import { Provider } from "oidc-provider";
import type { ModelPayload } from "./model-store.js";

/** The grant that a stored Session has for a client. */
export function grantIdOfSession(session: ModelPayload, clientId: string): string | undefined {
  const authorizations: unknown = session["authorizations"];
  if (typeof authorizations !== "object" || authorizations === null) return undefined;
  const { grantId }: { grantId?: unknown } = Reflect.get(authorizations, clientId) ?? {};
  return typeof grantId === "string" ? grantId : undefined;
}

/** The client that a request to the authorization endpoint names. */
export function askedClient(): string | undefined {
  const clientId = Provider.ctx?.query["client_id"];
  return typeof clientId === "string" ? clientId : undefined;
}
