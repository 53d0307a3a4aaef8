import type { App } from "../app.js";
import { normalizeResourceIdentifier } from "../clients/resource-identifier.js";
import {
  TOKEN_EXCHANGE_KINDS,
  type TokenExchangeKind,
  type TokenExchangePolicy,
  type TokenExchangePolicyKey,
} from "../clients/token-exchange-policy-store.js";
import { LatchkeyError } from "../lib/errors.js";
import { formatTable, notFound, type CommandResult } from "./command.js";

type Exchange = Pick<App, "tokenExchangePolicies" | "clients" | "resourceServers" | "audit">;

export interface ExchangeOptions {
  readonly clientId: string;
  readonly source: string | undefined;
  readonly target: string;
}

export interface AllowExchangeOptions extends ExchangeOptions {
  readonly kinds: readonly TokenExchangeKind[];
  /** Empty: those of the exchanged token. */
  readonly scopes: readonly string[];
}

export async function allowExchange(
  app: Exchange,
  options: AllowExchangeOptions,
): Promise<CommandResult> {
  const key = toKey(options);
  await assertMayExchange(app, key.clientId);
  if (key.source !== undefined) await requireApi(app, key.source);
  const { scopes: declared } = await requireApi(app, key.target);
  const undeclared = options.scopes.filter((scope) => !Object.hasOwn(declared, scope));
  if (undeclared.length > 0) {
    const message = `The API "${key.target}" has no scope ${undeclared.join(", ")}.`;
    throw new LatchkeyError("invalid_scope", message, { status: 400 });
  }
  const policy: TokenExchangePolicy = {
    ...key,
    kinds: TOKEN_EXCHANGE_KINDS.filter((kind) => options.kinds.includes(kind)),
    scopes: options.scopes.length === 0 ? undefined : options.scopes,
  };
  await app.tokenExchangePolicies.save(policy);
  tell(app, "allow", policy);
  return { text: `${describe(policy)}.`, data: toData(policy) };
}

export async function disallowExchange(
  app: Exchange,
  options: ExchangeOptions,
): Promise<CommandResult> {
  const key = toKey(options);
  if (!(await app.tokenExchangePolicies.delete(key))) {
    const from = key.source === undefined ? "" : ` from ${key.source}`;
    throw notFound("token exchange policy", `${key.clientId}${from} to ${key.target}`);
  }
  tell(app, "disallow", key);
  return {
    text: "Disallowed. Tokens that were exchanged before stay valid until they expire.",
    data: { client_id: key.clientId, source: key.source ?? null, target: key.target },
  };
}

export async function listExchanges(app: Exchange): Promise<CommandResult> {
  const policies = await app.tokenExchangePolicies.list();
  const rows = policies.map(({ clientId, source, target, kinds, scopes }) => [
    clientId,
    source ?? "(any)",
    target,
    kinds.join(" "),
    scopes?.join(" ") ?? "(as exchanged)",
  ]);
  return {
    text: formatTable(["CLIENT ID", "FROM", "TO", "KINDS", "SCOPES"], rows),
    data: policies.map(toData),
  };
}

/** Whoever holds a token could exchange it if clients that prove nothing could (RFC 8693 §2.1). */
async function assertMayExchange(app: Exchange, clientId: string): Promise<void> {
  const client = await app.clients.findLatest(clientId);
  if (client === undefined) throw notFound("client", clientId);
  if (client.metadata["token_endpoint_auth_method"] !== "none") return;
  const message = `The client "${clientId}" does not authenticate; only confidential clients may exchange tokens.`;
  throw new LatchkeyError("client_public", message, { status: 400 });
}

async function requireApi(app: Exchange, identifier: string) {
  const api = await app.resourceServers.find(identifier);
  if (api === undefined) throw notFound("API", identifier);
  return api;
}

function toKey({ clientId, source, target }: ExchangeOptions): TokenExchangePolicyKey {
  return {
    clientId,
    source: source === undefined ? undefined : normalizeResourceIdentifier(source),
    target: normalizeResourceIdentifier(target),
  };
}

function tell(
  app: Exchange,
  action: "allow" | "disallow",
  { clientId, ...details }: TokenExchangePolicyKey & Partial<TokenExchangePolicy>,
): void {
  const event = "token_exchange_policy.changed";
  app.audit({ event, outcome: "success", action, clientId, ...details, by: "administrator" });
}

function describe({ clientId, source, target, kinds, scopes }: TokenExchangePolicy): string {
  const from = source === undefined ? "any token" : `tokens for ${source}`;
  const which = scopes === undefined ? "its scopes" : `the scopes ${scopes.join(" ")}`;
  return `Allowed: ${clientId} may exchange ${from} for one for ${target} with ${which}, by ${kinds.join(" or ")}`;
}

function toData({ clientId, source, target, kinds, scopes }: TokenExchangePolicy) {
  return { client_id: clientId, source: source ?? null, target, kinds, scopes: scopes ?? null };
}
