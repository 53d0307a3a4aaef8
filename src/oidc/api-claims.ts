import type { Account } from "../accounts/account.js";
import { toAccountId } from "../accounts/account.js";
import type { AccountStore } from "../accounts/account-store.js";
import type { ClientStore } from "../clients/client-store.js";
import type { ClaimSource } from "../clients/resource-server-store.js";
import type { AccessTokenBeingIssued, AddAccessTokenClaims } from "./access-token-claims.js";

export interface ApiClaimsDeps {
  readonly accounts: Pick<AccountStore, "find">;
  readonly clients: Pick<ClientStore, "find">;
}

/**
 * The claims that the operator declared for an API (`ResourceServer.claims`), whatever the client
 * asked for: the API is told, and the client passes on. Sources without a value give no claim, as
 * all of an account do where a client acts for itself.
 */
export function createApiClaims(deps: ApiClaimsDeps): AddAccessTokenClaims {
  const { accounts, clients } = deps;

  return ({ token, api }) => {
    const mapping = Object.entries(api?.claims ?? {});
    return mapping.length === 0 ? {} : resolve(mapping, token);
  };

  async function resolve(
    mapping: readonly [string, ClaimSource][],
    token: AccessTokenBeingIssued["token"],
  ): Promise<Record<string, unknown>> {
    const account = asksFor(mapping, "account.") ? await accountOf(token) : undefined;
    const client = asksFor(mapping, "client.") ? await clientOf(token) : undefined;
    const values = mapping.map(([name, source]) => [name, valueOf(source, { account, client })]);
    return Object.fromEntries(values.filter(([, value]) => value !== undefined));
  }

  async function accountOf(token: AccessTokenBeingIssued["token"]) {
    return "accountId" in token ? accounts.find(toAccountId(token.accountId)) : undefined;
  }

  async function clientOf({ clientId }: AccessTokenBeingIssued["token"]) {
    return clientId === undefined ? undefined : (await clients.find(clientId))?.metadata;
  }
}

interface Sources {
  readonly account: Account | undefined;
  readonly client: Readonly<Record<string, unknown>> | undefined;
}

function asksFor(mapping: readonly [string, ClaimSource][], prefix: string): boolean {
  return mapping.some(([, source]) => typeof source === "string" && source.startsWith(prefix));
}

function valueOf(source: ClaimSource, { account, client }: Sources): unknown {
  if (typeof source !== "string") return source.const;
  const [owner, ...path] = source.split(".");
  const [field = "", member = ""] = path;
  if (owner === "client") return ownValue(client, field);
  return field === "profile" ? ownValue(account?.profile, member) : accountValue(account, field);
}

function accountValue(account: Account | undefined, field: string): unknown {
  switch (field) {
    case "username":
      return account?.username;
    case "email":
      return account?.email;
    case "email_verified":
      return account?.email === undefined ? undefined : account.emailVerified;
    default:
      return undefined;
  }
}

function ownValue(object: object | undefined, key: string): unknown {
  return object !== undefined && Object.hasOwn(object, key) ? Reflect.get(object, key) : undefined;
}
