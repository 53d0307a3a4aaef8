import type { Account } from "../../accounts/account.js";
import type { AccountDeps } from "./account-deps.js";
import { findWays } from "./identity-acts.js";

export type CountWaysInDeps = Pick<
  AccountDeps,
  | "accounts"
  | "federatedIdentities"
  | "passkeys"
  | "upstreamProviders"
  | "listForSignIn"
  | "arePasskeysOn"
>;

/** With how many things that are in use here somebody can sign in: with one, it must stay. */
export async function countWaysIn(
  deps: CountWaysInDeps,
  { id, username }: Account,
): Promise<number> {
  const [identities, passkeys, ways, record] = await Promise.all([
    deps.federatedIdentities.listOfAccount(id),
    deps.passkeys.listOfAccount(id),
    findWays(deps),
    deps.accounts.findForSignIn(username),
  ]);
  const usable = identities.filter(({ issuer }) => ways.issuers.includes(issuer));
  const hasPassword = ways.password && record?.passwordHash !== undefined;
  return usable.length + (ways.passkeys ? passkeys.length : 0) + (hasPassword ? 1 : 0);
}
