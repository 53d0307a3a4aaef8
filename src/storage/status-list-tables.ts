/** Rows of status lists, as `tables.ts` says of all rows. */
export interface StatusListRow {
  id: number;
  api: string;
  generation: number;
  seed: string;
  capacity: number;
  /** The first counter that nobody has; may exceed `capacity`. */
  next: number;
  closes_at: number;
  expires_at: number;
}

/** Digests of ids, as numbers of 52 bits. */
export interface StatusListEntryRow {
  list_id: number;
  idx: number;
  jti_digest: number;
  grant_digest: number | null;
  session_digest: number | null;
  account_digest: number | null;
  client_digest: number;
  issued_at: number;
}
