import type { AccessTokenAlgorithm } from "../clients/resource-server-store.js";
import type {
  AccountEventRow,
  AccountIdentifierRow,
  AccountInvitationRow,
  AccountRow,
  FederatedIdentityRow,
  PasskeyRow,
  PasswordCredentialRow,
  RecoveryCodeRow,
  TotpAuthenticatorRow,
} from "./account-tables.js";
import type { MailMessageRow, OneTimeCodeRow } from "./mail-tables.js";
import type { EndedSubject, EndingReason } from "../sessions/ending-store.js";
import type { Knex } from "knex";
import type { StatusListEntryRow, StatusListRow } from "./status-list-tables.js";

/**
 * Rows as they are read. A column is written under the same name and type, save that SQLite gives
 * back booleans as 0 and 1. Times are whole seconds since the epoch; `docs/storage.md` has examples.
 */
export interface ConsentRow {
  account_id: string;
  client_id: string;
  /** Resource indicator; empty for OpenID Connect scopes and claims. */
  resource: string;
  kind: "scope" | "claim";
  value: string;
  granted_at: number;
}

export interface ClientRow {
  client_id: string;
  /** ClientMetadata as JSON. */
  metadata: string;
  secret_hash: string | null;
  first_party: boolean | number;
  direct_sign_in: boolean | number;
  second_step: boolean | number;
  /** `#rrggbb` */
  colour: string | null;
  resource_server: string | null;
  created_by: "administrator" | "registration";
  demonstration: boolean | number;
  created_at: number;
}

export interface ResourceServerRow {
  identifier: string;
  name: string;
  /** Words by scope value, as JSON. */
  scopes: string;
  access_token_format: "jwt" | "opaque";
  access_token_algorithm: AccessTokenAlgorithm | null;
  access_token_seconds: number | null;
  is_default: boolean | number;
  is_open: boolean | number;
  status_list: boolean | number;
  publish_metadata: boolean | number;
  /** ClaimSource by claim name, as JSON. */
  claims: string;
  managed_by: string | null;
  created_at: number;
}

export interface ResourceServerClientRow {
  resource_server: string;
  client_id: string;
  /** Scope values as JSON; null: all. */
  scopes: string | null;
}

export interface TokenExchangePolicyRow {
  client_id: string;
  /** Null: any. */
  source: string | null;
  target: string;
  impersonation: boolean | number;
  delegation: boolean | number;
  /** Separated by spaces; null: those of the exchanged token. */
  scopes: string | null;
  created_at: number;
}

export interface SigningKeyRow {
  kid: string;
  algorithm: string;
  generation: number;
  /** Private until the key is retired, then its public half. */
  sealed_private_jwk: string;
  created_at: number;
  /** Null: `created_at`. */
  signs_from: number | null;
  /** Null: as long as the schedule says. */
  published_until: number | null;
}

export interface ModelRow {
  model: string;
  id: string;
  /** ModelPayload as JSON. */
  payload: string;
  /** A Grant has its own id here, so that a grant and all that hangs on it are found at once. */
  grant_id: string | null;
  uid: string | null;
  user_code: string | null;
  account_id: string | null;
  client_id: string | null;
  expires_at: number | null;
  consumed_at: number | null;
  consumed_by: string | null;
}

export interface LogoutDeliveryRow {
  id: string;
  client_id: string;
  account_id: string;
  sid: string;
  destination: string;
  state: "pending" | "delivered" | "failed";
  failures: number;
  reason: string | null;
  requested_at: number;
  /** Null when it is finished; under a claim the end of its lease. */
  due_at: number | null;
  claim: string | null;
  finished_at: number | null;
  expires_at: number | null;
}

export interface SessionClientRow {
  client_id: string;
  uid: string;
  expires_at: number;
}

export interface SessionEndingRow {
  subject: EndedSubject;
  id: string;
  reason: EndingReason;
  ended_until: number;
  /** Under a claim the end of its lease. */
  due_at: number;
  claim: string | null;
}

export interface RevocationRow {
  subject: string;
  id: string;
  issued_until: number;
  expires_at: number;
}

export interface UpstreamProviderRow {
  id: string;
  display_name: string;
  kind: string;
  issuer: string;
  preset: string | null;
  client_id: string;
  authentication: string;
  sealed_client_secret: string | null;
  /** What else is set, as JSON. */
  settings: string;
  disabled: boolean | number;
  managed_by: string | null;
  version: number;
  created_at: number;
}

export interface UpstreamSessionRow {
  session: string;
  provider: string;
  subject: string;
  sid: string | null;
  sealed_id_token: string | null;
  began_at: number;
  expires_at: number;
}

export interface AttemptRow {
  subject: string;
  /** Empty: of all sources. */
  source: string;
  failures: number;
  forgiven_at: number;
  blocked_until: number;
  expires_at: number;
}

export interface MigrationRow {
  name: string;
}

/** `Optional`: columns that an insert may leave out. Updates may also compute a column. */
type Table<Row, Optional extends keyof Row = never> = Knex.CompositeTableType<
  Row,
  Omit<Row, Optional> & Partial<Pick<Row, Optional>>,
  { [Column in keyof Row]?: Row[Column] | Knex.Raw }
>;

declare module "knex/types/tables.js" {
  interface Tables {
    account: Table<AccountRow>;
    account_identifier: Table<AccountIdentifierRow>;
    password_credential: Table<PasswordCredentialRow>;
    federated_identity: Table<FederatedIdentityRow>;
    account_invitation: Table<AccountInvitationRow>;
    account_event: Table<AccountEventRow>;
    passkey: Table<PasskeyRow>;
    consent: Table<ConsentRow>;
    totp_authenticator: Table<TotpAuthenticatorRow>;
    recovery_code: Table<RecoveryCodeRow>;
    client: Table<ClientRow, "direct_sign_in" | "second_step" | "colour">;
    resource_server: Table<ResourceServerRow>;
    resource_server_client: Table<ResourceServerClientRow>;
    signing_key: Table<SigningKeyRow, "signs_from" | "published_until">;
    token_exchange_policy: Table<TokenExchangePolicyRow>;
    model: Table<ModelRow, "consumed_at" | "consumed_by">;
    status_list: Table<StatusListRow>;
    status_list_entry: Table<StatusListEntryRow>;
    status_list_ancestor: Table<StatusListEntryRow>;
    logout_delivery: Table<LogoutDeliveryRow>;
    session_client: Table<SessionClientRow>;
    session_ending: Table<SessionEndingRow>;
    revocation: Table<RevocationRow>;
    upstream_session: Table<UpstreamSessionRow>;
    upstream_provider: Table<UpstreamProviderRow>;
    mail_message: Table<MailMessageRow>;
    one_time_code: Table<OneTimeCodeRow>;
    attempt: Table<AttemptRow>;
    migration: Table<MigrationRow>;
  }
}
