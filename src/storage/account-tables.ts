/** Rows about who signs in, as `tables.ts` says of all rows. */
export interface AccountRow {
  id: string;
  username: string;
  email: string | null;
  email_verified: boolean | number;
  /** ProfileClaims as JSON. */
  profile: string;
  disabled: boolean | number;
  demonstration: boolean | number;
  terms_version: string | null;
  terms_accepted_at: number | null;
  created_at: number;
  updated_at: number;
  deletion_due_at: number | null;
  /** Who deletes it now. */
  deletion_claim: string | null;
  deletion_lease_until: number | null;
}

export interface AccountIdentifierRow {
  /** Normalized user name or e-mail address. */
  identifier: string;
  account_id: string;
}

export interface PasswordCredentialRow {
  account_id: string;
  hash: string;
  updated_at: number;
}

export interface FederatedIdentityRow {
  issuer: string;
  subject: string;
  account_id: string;
  provider: string;
  display: string | null;
  linked_at: number;
  last_used_at: number | null;
}

export interface AccountEventRow {
  id: string;
  account_id: string;
  kind: string;
  about: string | null;
  user_agent: string | null;
  network: string | null;
  count: number;
  began_at: number;
  at: number;
  expires_at: number;
}

export interface AccountInvitationRow {
  account_id: string;
  created_at: number;
  expires_at: number;
}

export interface PasskeyRow {
  credential_id: string;
  account_id: string;
  user_handle: string;
  /** COSE_Key in base64url. */
  public_key: string;
  counter: number;
  /** Separated by spaces. */
  transports: string;
  aaguid: string;
  synced: boolean | number;
  backed_up: boolean | number;
  name: string;
  created_at: number;
  last_used_at: number | null;
}

export interface TotpAuthenticatorRow {
  account_id: string;
  sealed_secret: string;
  last_used_step: number;
  wrong_codes: number;
  refused_until: number;
  created_at: number;
}

export interface RecoveryCodeRow {
  account_id: string;
  position: number;
  sealed_hash: string;
  used_at: number | null;
  created_at: number;
}
