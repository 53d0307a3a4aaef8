import { createCachedAccountStore } from "../accounts/cached-account-store.js";
import { createCachedClientStore } from "../clients/cached-client-store.js";
import { createCachedResourceServerStore } from "../clients/cached-resource-server-store.js";
import { createCachedTokenExchangePolicyStore } from "../clients/cached-token-exchange-policy-store.js";
import { createCachedUpstreamProviderStore } from "../federation/cached-upstream-provider-store.js";
import type { ChangeFeed } from "../lib/change-feed.js";
import type { Clock } from "../lib/clock.js";
import type { Database } from "./open-database.js";
import { createSqlAccountEventStore } from "./sql-account-event-store.js";
import { createSqlAccountStore } from "./sql-account-store.js";
import { createSqlClientStore } from "./sql-client-store.js";
import { createSqlConsentStore } from "./sql-consent-store.js";
import { createSqlEndingStore } from "./sql-ending-store.js";
import { createSqlFederatedIdentityStore } from "./sql-federated-identity-store.js";
import { createSqlLogoutDeliveryStore } from "./sql-logout-delivery-store.js";
import { createSqlPasskeyStore } from "./sql-passkey-store.js";
import { createSqlMailStore } from "./sql-mail-store.js";
import { createSqlOneTimeCodeStore } from "./sql-one-time-code-store.js";
import { createSqlPersonalRecordStore } from "./sql-personal-record-store.js";
import { createSqlResourceServerStore } from "./sql-resource-server-store.js";
import { createSqlRevocationStore } from "./sql-revocation-store.js";
import { createSqlSecondStepStore } from "./sql-second-step-store.js";
import { createSqlSigningKeyStore } from "./sql-signing-key-store.js";
import { createSqlStatusListStore } from "./sql-status-list-store.js";
import { createSqlTokenExchangePolicyStore } from "./sql-token-exchange-policy-store.js";
import { createSqlUpstreamProviderStore } from "./sql-upstream-provider-store.js";
import { createSqlUpstreamSessionStore } from "./sql-upstream-session-store.js";

export interface SqlStoresDeps {
  readonly database: Database;
  readonly clock: Clock;
  /** Lets rows that every request needs be kept for a while (`ReadCache`). */
  readonly changes: ChangeFeed | undefined;
}

/** What lives in SQL whatever else there is. */
export function createSqlStores({ database, clock, changes }: SqlStoresDeps) {
  const deps = { database, clock };
  return {
    accounts: createCachedAccountStore(createSqlAccountStore(deps), changes),
    personalRecords: createSqlPersonalRecordStore(deps),
    accountEvents: createSqlAccountEventStore(deps),
    federatedIdentities: createSqlFederatedIdentityStore(deps),
    passkeys: createSqlPasskeyStore(deps),
    secondSteps: createSqlSecondStepStore(deps),
    consents: createSqlConsentStore(deps),
    clients: createCachedClientStore(createSqlClientStore(deps), changes),
    resourceServers: createCachedResourceServerStore(createSqlResourceServerStore(deps), changes),
    tokenExchangePolicies: createCachedTokenExchangePolicyStore(
      createSqlTokenExchangePolicyStore(deps),
      changes,
    ),
    upstreamProviders: createCachedUpstreamProviderStore(
      createSqlUpstreamProviderStore(deps),
      changes,
    ),
    upstreamSessions: createSqlUpstreamSessionStore(deps),
    revocationRecords: createSqlRevocationStore(deps),
    signingKeys: createSqlSigningKeyStore(deps),
    statusLists: createSqlStatusListStore(deps),
    logoutDeliveries: createSqlLogoutDeliveryStore(deps),
    endings: createSqlEndingStore(deps),
    mailStore: createSqlMailStore(deps),
    oneTimeCodeStore: createSqlOneTimeCodeStore(deps),
  };
}
