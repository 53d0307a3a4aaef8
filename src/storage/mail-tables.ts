/** Rows about what is sent to people, as `tables.ts` says of all rows. */
export interface MailMessageRow {
  id: string;
  account_id: string | null;
  template: string;
  /** SealedMail as JSON, encrypted. */
  sealed: string;
  state: "pending" | "failed" | "kept" | "discarded";
  failures: number;
  reason: string | null;
  requested_at: number;
  useful_until: number;
  /** Null when it is finished; under a claim the end of its lease. */
  due_at: number | null;
  claim: string | null;
  expires_at: number | null;
}

export interface OneTimeCodeRow {
  purpose: string;
  subject_hash: string;
  code_hash: string;
  token_hash: string;
  tries_left: number;
  sealed_data: string;
  expires_at: number;
}
