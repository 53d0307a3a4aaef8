import type { Provider } from "oidc-provider";
import { toAccountId } from "../accounts/account.js";
import type { AccountStore } from "../accounts/account-store.js";
import type { ClientStore } from "../clients/client-store.js";
import type { Revocations } from "../tokens/revocations.js";
import type { ModelStore } from "./model-store.js";
import type { TokenReference } from "./token-ancestors.js";

export interface TokenLivenessDeps {
  readonly provider: Provider;
  readonly models: ModelStore;
  readonly accounts: AccountStore;
  readonly clients: ClientStore;
  readonly revocations: Pick<Revocations, "isRevoked">;
}

/** @returns false as soon as one of them is revoked, or what it stands on is gone. */
export type AreTokensAlive = (tokens: readonly TokenReference[]) => Promise<boolean>;

/** Judges tokens by what they refer to; their signatures and times are the caller's matter. */
export function createAreTokensAlive(deps: TokenLivenessDeps): AreTokensAlive {
  const { provider, models, accounts, clients, revocations } = deps;

  return async (tokens) => {
    const checks = tokens.flatMap((token) => [
      isNotRevoked(token),
      isStored(token),
      hasClient(token),
      hasAccount(token),
      hasGrant(token),
      hasSession(token),
    ]);
    return (await Promise.all(checks)).every(Boolean);
  };

  async function isNotRevoked(token: TokenReference): Promise<boolean> {
    return !(await revocations.isRevoked(token));
  }

  async function isStored({ stored }: TokenReference): Promise<boolean> {
    return stored === undefined || (await models.find(stored.model, stored.id)) !== undefined;
  }

  async function hasClient({ clientId }: TokenReference): Promise<boolean> {
    return (await clients.find(clientId)) !== undefined;
  }

  async function hasAccount({ accountId }: TokenReference): Promise<boolean> {
    if (accountId === undefined) return true;
    return (await accounts.find(toAccountId(accountId)))?.disabled === false;
  }

  async function hasGrant({ grantId, clientId, accountId }: TokenReference): Promise<boolean> {
    if (grantId === undefined) return true;
    const grant = await provider.Grant.find(grantId);
    return grant?.clientId === clientId && grant.accountId === accountId;
  }

  async function hasSession(token: TokenReference): Promise<boolean> {
    const { sessionUid, clientId, grantId, accountId } = token;
    if (sessionUid === undefined) return true;
    const session = await provider.Session.findByUid(sessionUid);
    return session?.accountId === accountId && session?.grantIdFor(clientId) === grantId;
  }
}
