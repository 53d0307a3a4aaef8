import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { SignJWT, importJWK, type JWK } from "jose";
import type { Clock } from "../lib/clock.js";
import { LatchkeyError } from "../lib/errors.js";
import type { Logger } from "../lib/logger.js";
import { statusListUri } from "./status-list-allocator.js";
import { createStatusBits, encodeStatusBits, markInvalid } from "./status-list-encoding.js";
import type { RevokedIndices } from "./revoked-indices.js";
import type { StatusListStore } from "./status-list-store.js";

/** A Status List Token (draft-ietf-oauth-status-list-21 §5.1), signed and ready to be sent. */
export interface PublishedStatusList {
  readonly jwt: string;
  /** The same, compressed (§8.2). */
  readonly gzipped: Buffer;
  /** Another one for every other token. */
  readonly tag: string;
  readonly expiresAtSeconds: number;
}

export interface StatusListPublisher {
  /** Seconds that a copy may be kept for. */
  readonly ttlSeconds: number;
  /**
   * @returns undefined when there is no such list, or all its tokens have expired.
   * @throws LatchkeyError of status 503 when the store fails and what is kept is too old.
   */
  find(listId: number): Promise<PublishedStatusList | undefined>;
}

export interface StatusListPublisherDeps {
  readonly store: StatusListStore;
  readonly revokedIndices: () => Promise<RevokedIndices>;
  /** The key that signs for an API now. */
  readonly signingKeyOf: (api: string) => Promise<JWK & { kid: string; alg: string }>;
  /** The keys that whoever verifies knows now. */
  readonly publishedKeys: () => readonly { readonly kid: string }[];
  readonly issuer: string;
  readonly ttlSeconds: number;
  readonly clock: Clock;
  readonly logger: Pick<Logger, "warn">;
}

/** 10: who cannot reach this server goes on for so many times the `ttl`, then knows nothing (§11.5). */
const LIFETIMES = 10;
/** Up to 60 KB each. Of more lists the ones that are asked for most are kept. */
const MAX_KEPT = 256;

const compress = promisify(gzip);

/**
 * Signs the lists that are asked for and keeps them while nothing changes in them. `iat` is when their
 * bits were known to be true, however late they are signed.
 */
export function createStatusListPublisher(deps: StatusListPublisherDeps): StatusListPublisher {
  const { store, revokedIndices, publishedKeys, issuer, ttlSeconds, clock, logger } = deps;
  const lifetimeSeconds = LIFETIMES * ttlSeconds;
  const kept = new Map<number, SignedList>();
  const underWay = new Map<number, Signing>();

  async function sign(listId: number, revoked: RevokedIndices): Promise<SignedList | undefined> {
    const list = await store.find(listId);
    if (list === undefined) {
      kept.delete(listId);
      return undefined;
    }
    const indices = revoked.of(listId);
    const bits = createStatusBits(list.capacity);
    for (const index of indices) markInvalid(bits, index);
    const key = await deps.signingKeyOf(list.api);
    const issuedAtSeconds = Math.floor(revoked.atMs / 1000);
    const expiresAtSeconds = issuedAtSeconds + lifetimeSeconds;
    const jwt = await new SignJWT({ ttl: ttlSeconds, status_list: await encodeStatusBits(bits) })
      .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: "statuslist+jwt" })
      .setIssuer(issuer)
      .setSubject(statusListUri(issuer, listId))
      .setIssuedAt(issuedAtSeconds)
      .setExpirationTime(expiresAtSeconds)
      .sign(await importJWK(key, key.alg));
    const signed: SignedList = {
      jwt,
      gzipped: await compress(jwt),
      tag: createHash("sha256").update(jwt).digest("base64url"),
      kid: key.kid,
      indices,
      issuedAtSeconds,
      expiresAtSeconds,
    };
    keep(listId, signed);
    return signed;
  }

  function keep(listId: number, signed: SignedList): void {
    kept.delete(listId);
    kept.set(listId, signed);
    const [leastUsed] = kept.keys();
    if (kept.size > MAX_KEPT && leastUsed !== undefined) kept.delete(leastUsed);
  }

  /** Whether whoever gets it can verify it; not so after its key was dropped. */
  function isUsable({ kid, expiresAtSeconds }: SignedList): boolean {
    const isKnown = publishedKeys().some((key) => key.kid === kid);
    return isKnown && expiresAtSeconds > clock.nowSeconds();
  }

  /** Signed anew when half its time is over, so that nobody gets one that is about to end. */
  function isCurrent(signed: SignedList, indices: readonly number[], atMs: number): boolean {
    const isYoung = atMs / 1000 < signed.issuedAtSeconds + lifetimeSeconds / 2;
    return isYoung && isUsable(signed) && areEqual(signed.indices, indices);
  }

  async function findCurrent(listId: number): Promise<SignedList | undefined> {
    const revoked = await revokedIndices();
    const signed = kept.get(listId);
    if (signed !== undefined && isCurrent(signed, revoked.of(listId), revoked.atMs)) {
      keep(listId, signed);
      return signed;
    }
    return signOnce(listId, revoked);
  }

  /** One for all who ask at once and are to be told the same. */
  async function signOnce(
    listId: number,
    revoked: RevokedIndices,
  ): Promise<SignedList | undefined> {
    const other = underWay.get(listId);
    if (other?.revoked === revoked) return other.signed;
    const signing = { revoked, signed: sign(listId, revoked) };
    underWay.set(listId, signing);
    try {
      return await signing.signed;
    } finally {
      if (underWay.get(listId) === signing) underWay.delete(listId);
    }
  }

  return {
    ttlSeconds,
    async find(listId) {
      try {
        return await findCurrent(listId);
      } catch (err) {
        const last = kept.get(listId);
        const isOutage = err instanceof LatchkeyError && err.status === 503;
        if (!isOutage || last === undefined || !isUsable(last)) throw err;
        logger.warn({ err, listId }, "a status list is served as it was before the outage");
        return last;
      }
    },
  };
}

interface Signing {
  readonly revoked: RevokedIndices;
  readonly signed: Promise<SignedList | undefined>;
}

interface SignedList extends PublishedStatusList {
  readonly kid: string;
  /** What its bits say. */
  readonly indices: readonly number[];
  readonly issuedAtSeconds: number;
}

function areEqual(some: readonly number[], others: readonly number[]): boolean {
  if (some === others) return true;
  return some.length === others.length && some.every((index, at) => index === others[at]);
}
