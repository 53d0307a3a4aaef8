import { hash } from "node:crypto";

/**
 * Every id in a `ModelStore` begins with its partition: three base64url characters, so 262,144 of
 * them. What belongs to one account (its sessions, grants, codes and tokens) is in one partition, so
 * that a store of many machines can keep it on one and change it in one step. Other records spread
 * by their own ids, which are random.
 */
export const PARTITION_LENGTH = 3;

/** @param id of a record, a grant or a session, or a user code as it is stored. */
export function partitionOf(id: string): string {
  return id.slice(0, PARTITION_LENGTH);
}

/** By hash, so that accounts spread evenly whatever their ids look like. */
export function partitionOfAccount(accountId: string): string {
  return partitionOf(hash("sha256", accountId, "base64url"));
}
