/**
 * Token Status Lists (draft-ietf-oauth-status-list-21): by which an API learns that a JWT access token
 * was revoked without asking for it. Tokens get their place when they are issued; a list says what is
 * revoked when it is fetched.
 */
import { createRevokedIndices, type RevocationSource } from "./revoked-indices.js";
import { createStatusListAllocator, type StatusListAllocator } from "./status-list-allocator.js";
import {
  createStatusListPublisher,
  type StatusListPublisher,
  type StatusListPublisherDeps,
} from "./status-list-publisher.js";

export interface StatusListsDeps extends Omit<StatusListPublisherDeps, "revokedIndices"> {
  readonly revocations: RevocationSource;
}

export interface StatusLists {
  readonly allocator: StatusListAllocator;
  readonly publisher: StatusListPublisher;
}

export function createStatusLists(deps: StatusListsDeps): StatusLists {
  const revokedIndices = createRevokedIndices(deps);
  return {
    allocator: createStatusListAllocator(deps),
    publisher: createStatusListPublisher({ ...deps, revokedIndices }),
  };
}
