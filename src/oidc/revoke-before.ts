import type { Revocations } from "../tokens/revocations.js";
import type { Revoked } from "../tokens/revocation-store.js";
import { findUnitOfWork } from "./unit-of-work.js";

/**
 * Records what ends, for access tokens that no store has, before anything of it is deleted: should the
 * rest fail, whoever ends it can still find it and come again. The library deletes the parts of a
 * grant one by one and at once; they wait for one record.
 */
export type RevokeBefore = (revoked: Revoked) => Promise<void>;

export function createRevokeBefore(revocations: Pick<Revocations, "revoke">): RevokeBefore {
  const byRequest = new WeakMap<object, Map<string, Promise<void>>>();
  return (revoked) => {
    const unit = findUnitOfWork();
    if (unit === undefined) return revocations.revoke([revoked]);
    const known = byRequest.get(unit) ?? new Map<string, Promise<void>>();
    byRequest.set(unit, known);
    const name = `${revoked.subject} ${revoked.id}`;
    const recorded = known.get(name) ?? revocations.revoke([revoked]);
    known.set(name, recorded);
    return recorded;
  };
}
