import type { AccountId } from "./account.js";

/** Something that happened to an account, in the words of `views/messages/<language>/activity.json`. */
export interface AccountEvent {
  readonly id: string;
  readonly accountId: string;
  readonly kind: string;
  /** The client or provider that it is about. */
  readonly about: string | undefined;
  /** Of the last of them; at most 256 characters. */
  readonly userAgent: string | undefined;
  /** The network, not the address: /24 of IPv4, /48 of IPv6. */
  readonly network: string | undefined;
  /** How often: many of the same within an hour are one. */
  readonly count: number;
  readonly beganAtSeconds: number;
  /** When it happened last. */
  readonly atSeconds: number;
  readonly expiresAtSeconds: number;
}

/** Where a page of events begins: behind this one. */
export type EventCursor = Pick<AccountEvent, "atSeconds" | "id">;

export interface AccountEventStore {
  /**
   * All or none. One whose `id` is there adds its count, whoever writes at the same time. Those of
   * accounts that are gone are dropped.
   */
  add(events: readonly AccountEvent[]): Promise<void>;
  /** The newest first. */
  listOfAccount(
    accountId: AccountId,
    page: { readonly after?: EventCursor | undefined; readonly limit: number },
  ): Promise<AccountEvent[]>;
  /** @returns how many were deleted, `batchSize` at most. */
  purgeExpired(batchSize: number): Promise<number>;
}
