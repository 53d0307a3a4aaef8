import { AccessTokenError } from "./access-token-error.js";
import { createBoundedCache } from "./bounded-cache.js";
import type { BoundedFetch } from "./bounded-fetch.js";
import type { VerifierClock } from "./clock.js";
import type { KeySource } from "./key-source.js";
import { isJsonObject } from "./parse-json.js";
import { createRefreshedValue, type RefreshedValue } from "./refreshed-value.js";
import type { StatusListOptions } from "./revocation-options.js";
import { openStatusList, STATUS_VALID, type StatusList } from "./status-list.js";
import type { VerifiedAccessToken } from "./verified-access-token.js";
import { parseSignedJwt, verifySignature } from "./verify-jwt.js";

export interface StatusListDeps {
  readonly issuer: string;
  readonly options: StatusListOptions;
  readonly algorithms: readonly string[];
  readonly toleranceSeconds: number;
  readonly keys: KeySource;
  readonly fetch: BoundedFetch;
  readonly cooldownSeconds: number;
  readonly clock: VerifierClock;
}

/** 1 h: an API that accepts tokens without a list still refuses those that the last one refused. */
const OPEN_STALE_SECONDS = 60 * 60;
/** 60 s: for a list that does not say. */
const DEFAULT_TTL_SECONDS = 60;
/** 1 s: a list that is never fresh would be fetched for every token. */
const MIN_TTL_SECONDS = 1;
const DEFAULTS = { maxCacheSeconds: 300, maxLists: 32, maxListBytes: 2 * 1024 * 1024 };

/** Where the status of a token is kept (draft-ietf-oauth-status-list-21 §6.2). */
interface StatusReference {
  readonly uri: string;
  readonly index: number;
}

/** Looks tokens up in status lists, each fetched once for as long as its `ttl` says. */
export function createStatusListCheck(deps: StatusListDeps) {
  const { issuer, options, clock, cooldownSeconds } = deps;
  const origins = new Set(
    [issuer, ...(options.allowedOrigins ?? [])].map((url) => new URL(url).origin),
  );
  const lists = createBoundedCache<RefreshedValue<StatusList>>(
    options.maxLists ?? DEFAULTS.maxLists,
  );

  function listAt(uri: string): RefreshedValue<StatusList> {
    const known = lists.get(uri);
    if (known !== undefined) return known;
    const list = createRefreshedValue({
      load: () => loadStatusList(uri, deps),
      staleIfErrorSeconds:
        options.staleIfErrorSeconds ?? (options.failure === "open" ? OPEN_STALE_SECONDS : 0),
      cooldownSeconds,
      clock,
    });
    lists.set(uri, list);
    return list;
  }

  /** @throws AccessTokenError `revoked`, `no_status`, `status_unavailable`. */
  return async (token: VerifiedAccessToken): Promise<void> => {
    const { status } = token.claims;
    // Issued before its API had a list.
    if (status === undefined && options.failure === "open") return;
    const reference = readReference(status);
    if (reference === undefined || !isAllowed(reference.uri, origins)) {
      throw new AccessTokenError("no_status");
    }
    let list: StatusList;
    try {
      list = await listAt(reference.uri).get();
    } catch (cause) {
      if (options.failure === "open") return;
      throw new AccessTokenError("status_unavailable", { cause });
    }
    const found = list.statusAt(reference.index);
    if (found === undefined) throw new AccessTokenError("no_status");
    if (found !== STATUS_VALID) throw new AccessTokenError("revoked");
  };
}

function readReference(status: unknown): StatusReference | undefined {
  const reference = isJsonObject(status) ? status["status_list"] : undefined;
  if (!isJsonObject(reference)) return undefined;
  const { idx, uri } = reference;
  if (typeof uri !== "string" || typeof idx !== "number") return undefined;
  return Number.isSafeInteger(idx) && idx >= 0 ? { uri, index: idx } : undefined;
}

/** The issuer signed the address; still nobody makes the API ask elsewhere. */
function isAllowed(uri: string, origins: ReadonlySet<string>): boolean {
  return URL.canParse(uri) && origins.has(new URL(uri).origin);
}

/** §8.3. @throws Error unless it is the list of this address, signed by the issuer, and not expired. */
async function loadStatusList(uri: string, deps: StatusListDeps) {
  const { issuer, options, keys, clock } = deps;
  const { body, headers } = await deps.fetch(uri, {
    headers: { Accept: "application/statuslist+jwt" },
  });
  const rules = { algorithms: deps.algorithms, types: ["statuslist+jwt"] };
  const jwt = parseSignedJwt(body.trim(), rules);
  await verifySignature(body.trim(), { header: jwt.header, keys, set: await keys.get(), rules });
  const { sub, iss = issuer, status_list: list } = jwt.claims;
  if (sub !== uri || iss !== issuer) throw new Error(`${uri} has the status list of another`);
  if (!isJsonObject(list)) throw new Error(`${uri} has no status list`);
  const freshSeconds = readFreshSeconds(jwt.claims, {
    ageSeconds: Number(headers.get("Age") ?? 0) || 0,
    nowSeconds: clock.nowMs() / 1000 - deps.toleranceSeconds,
    maxSeconds: options.maxCacheSeconds ?? DEFAULTS.maxCacheSeconds,
  });
  // A key that was withdrawn is to be gone as soon as a token in the list.
  keys.limitAge(freshSeconds);
  const value = await openStatusList(list, options.maxListBytes ?? DEFAULTS.maxListBytes);
  return { value, freshSeconds };
}

/** §5.1, §13.7: no longer than `ttl`, and not beyond `exp`; caches on the way have used some of it. */
function readFreshSeconds(
  { iat, exp, ttl = DEFAULT_TTL_SECONDS }: Readonly<Record<string, unknown>>,
  {
    ageSeconds,
    nowSeconds,
    maxSeconds,
  }: Record<"ageSeconds" | "nowSeconds" | "maxSeconds", number>,
): number {
  if (typeof ttl !== "number" || !(ttl > 0)) throw new Error("the ttl of the status list is wrong");
  if (typeof iat !== "number") throw new Error("the status list does not say when it was issued");
  if (exp !== undefined && typeof exp !== "number") throw new Error("its exp is wrong");
  const leftSeconds = exp === undefined ? Number.POSITIVE_INFINITY : exp - nowSeconds;
  if (leftSeconds <= 0) throw new Error("the status list has expired");
  return Math.max(MIN_TTL_SECONDS, Math.min(ttl - ageSeconds, leftSeconds, maxSeconds));
}
