import type { AccountId } from "./account.js";

/** What one person allowed one client, summed over all times they were asked. */
export interface Consent {
  /** OpenID Connect scopes. */
  readonly scopes: ReadonlySet<string>;
  /** Claims asked for one by one (OpenID Connect Core §5.5). */
  readonly claims: ReadonlySet<string>;
  /** Scopes by resource indicator (RFC 8707). */
  readonly resourceScopes: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface ConsentOfClient extends Consent {
  readonly clientId: string;
  /** When the last of it was allowed. */
  readonly grantedAtSeconds: number;
}

/**
 * Remembered consents. They outlive sessions and grants, and end only when withdrawn or when the
 * account or client is deleted.
 */
export interface ConsentStore {
  /** Empty sets when nothing was ever allowed. */
  find(accountId: AccountId, clientId: string): Promise<Consent>;
  /** All that the person allowed, one for each client. */
  listOfAccount(accountId: AccountId): Promise<ConsentOfClient[]>;
  /** Adds to what is there; concurrent additions are all kept. */
  add(accountId: AccountId, clientId: string, addition: Consent): Promise<void>;
  withdraw(accountId: AccountId, clientId: string): Promise<void>;
}
