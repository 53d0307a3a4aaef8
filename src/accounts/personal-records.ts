import type { AccountId } from "./account.js";

/** Rows of a person by the table that they lie in; times are seconds since the epoch. */
export type PersonalRecords = Readonly<
  Record<string, readonly Readonly<Record<string, unknown>>[]>
>;

export interface PersonalRecordStore {
  /** All that is kept of the person and may be handed out; no secrets, and nothing made of one. */
  listOfAccount(id: AccountId): Promise<PersonalRecords>;
}
