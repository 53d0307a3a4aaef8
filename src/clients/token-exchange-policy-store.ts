/**
 * Who may act for the subject (RFC 8693 §1.1): `impersonation` gives a token that says nothing of the
 * client's part in it, `delegation` one that names who acts (`act`).
 */
export const TOKEN_EXCHANGE_KINDS = ["impersonation", "delegation"] as const;

export type TokenExchangeKind = (typeof TOKEN_EXCHANGE_KINDS)[number];

/** What an administrator allows; where there is none, nothing is exchanged. */
export interface TokenExchangePolicy {
  /** Who exchanges. */
  readonly clientId: string;
  /** The API that the token to exchange is for; undefined: whatever it is for. */
  readonly source: string | undefined;
  /** The API that the new token is for. */
  readonly target: string;
  /** One at least. */
  readonly kinds: readonly TokenExchangeKind[];
  /**
   * What the new token may carry at most; undefined: scopes that the exchanged one carries. There is
   * no "all", which would grow with every scope that the API gets later.
   */
  readonly scopes: readonly string[] | undefined;
}

export type TokenExchangePolicyKey = Pick<TokenExchangePolicy, "clientId" | "source" | "target">;

export interface TokenExchangePolicyStore {
  /** A node may keep what it read: a change made elsewhere counts within a second. */
  findAllOf(clientId: string): Promise<readonly TokenExchangePolicy[]>;
  /** By client, target and source. */
  list(): Promise<TokenExchangePolicy[]>;
  /**
   * Replaces the policy of the same client, source and target; of concurrent ones, one holds.
   * @throws LatchkeyError `token_exchange_policy_unfounded` when the client or an API is gone.
   */
  save(policy: TokenExchangePolicy): Promise<void>;
  /** @returns false when there is no such policy. */
  delete(key: TokenExchangePolicyKey): Promise<boolean>;
}

/** The policy that decides: that for the very source before that for any. */
export function findDecidingPolicy(
  policies: readonly TokenExchangePolicy[],
  { source, target }: Pick<TokenExchangePolicy, "source" | "target">,
): TokenExchangePolicy | undefined {
  const forTarget = policies.filter((policy) => policy.target === target);
  const exact = forTarget.find((policy) => policy.source === source);
  return exact ?? forTarget.find((policy) => policy.source === undefined);
}
