import { createBoundedFetch, type BoundedFetch, type Fetch } from "./bounded-fetch.js";
import { systemClock, type VerifierClock } from "./clock.js";
import { assertSafeUrl } from "./discovery.js";
import type { DpopAlgorithm, DpopOptions } from "./dpop-options.js";
import { DEFAULT_JWKS_CACHE, type JwksCacheTimes } from "./key-source.js";
import type { RevocationOptions } from "./revocation-options.js";
import type { DpopSettings } from "./sender-constraint.js";

export type VerificationAlgorithm =
  | "ES256"
  | "ES384"
  | "ES512"
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "EdDSA"
  | "Ed25519";

export interface AccessTokenVerifierOptions {
  /** Exactly as in its metadata and in `iss`. */
  readonly issuer: string;
  /** The identifier under which the API is registered; several while it changes. */
  readonly audience: string | readonly string[];
  /** How it is found out that a token was revoked before its end; there is no default. */
  readonly revocation: RevocationOptions;
  /** ES256, RS256, PS256 and EdDSA unless given; HMAC and `none` are not among those to choose from. */
  readonly algorithms?: readonly VerificationAlgorithm[];
  /** How far the clocks of issuer and API may differ: 10 s unless given, 60 s at most. */
  readonly clockToleranceSeconds?: number;
  /** Where the keys are; unless given, where the metadata of the issuer say. */
  readonly jwksUri?: string;
  /** Takes keys over http from an issuer elsewhere than on this machine, where anybody can change them. */
  readonly allowHttp?: boolean;
  /** Keys that the caller has at hand, instead of any address; the same objects while they stay. */
  readonly keys?: () => readonly object[];
  readonly jwksCache?: Partial<JwksCacheTimes>;
  /** Proofs of possession; false: tokens that are bound to a DPoP key are refused. */
  readonly dpop?: DpopOptions | false;
  /** Named in challenges; the first audience unless given. */
  readonly realm?: string;
  /** Address of the metadata of this API, for challenges (RFC 9728 §5.1). */
  readonly resourceMetadataUrl?: string;
  /** How many verified tokens are remembered, so that a signature is checked once: 1000 unless given. */
  readonly maxRememberedTokens?: number;
  /** For requests to the issuer; 5000 ms unless given. */
  readonly timeoutMs?: number;
  readonly fetch?: Fetch;
  readonly clock?: VerifierClock;
}

/** The options with everything that was left out. */
export interface VerifierSettings {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly revocation: RevocationOptions;
  readonly algorithms: readonly string[];
  readonly toleranceSeconds: number;
  readonly jwksUri: string | undefined;
  readonly keys: (() => readonly object[]) | undefined;
  readonly jwksCache: JwksCacheTimes;
  readonly dpop: DpopSettings | undefined;
  readonly realm: string;
  readonly resourceMetadataUrl: string | undefined;
  readonly maxRememberedTokens: number;
  readonly fetch: BoundedFetch;
  readonly clock: VerifierClock;
}

const DEFAULT_ALGORITHMS: readonly VerificationAlgorithm[] = ["ES256", "RS256", "PS256", "EdDSA"];
/** What the server itself takes in proofs, and quick to verify. */
const DEFAULT_DPOP_ALGORITHMS: readonly DpopAlgorithm[] = ["ES256", "EdDSA"];
const ASYMMETRIC = /^(?:(?:ES|RS|PS)(?:256|384|512)|EdDSA|Ed25519)$/;
/** 60 s: a token that lives 5 minutes must not live much longer by it. */
const MAX_TOLERANCE_SECONDS = 60;
/** 2 MiB: metadata and JWKS have some KB, a list of a million compressed statuses a few hundred. */
const MAX_BODY_BYTES = 2 * 1024 * 1024;
/** What may stand between quotes in a challenge (RFC 6750 §3). */
const QUOTABLE = /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/;

/** @throws TypeError for options that cannot work, so that an API does not start with them. */
export function readVerifierOptions(options: AccessTokenVerifierOptions): VerifierSettings {
  const { issuer, algorithms = DEFAULT_ALGORITHMS, clockToleranceSeconds = 10 } = options;
  assertOption(URL.canParse(issuer), "issuer is no URL");
  assertOption(isTrustworthy(options), "issuer is not https; see allowHttp");
  assertOption(options.revocation !== undefined, "revocation has to be chosen");
  assertOption(
    algorithms.length > 0 && algorithms.every((each) => ASYMMETRIC.test(each)),
    "algorithms may contain asymmetric ones only",
  );
  assertOption(
    clockToleranceSeconds >= 0 && clockToleranceSeconds <= MAX_TOLERANCE_SECONDS,
    `clockToleranceSeconds is between 0 and ${MAX_TOLERANCE_SECONDS}`,
  );
  if (options.jwksUri !== undefined) assertSafeUrl(options.jwksUri, issuer);
  return {
    issuer,
    revocation: options.revocation,
    algorithms,
    toleranceSeconds: clockToleranceSeconds,
    jwksUri: options.jwksUri,
    keys: options.keys,
    jwksCache: readJwksCache(options),
    maxRememberedTokens: options.maxRememberedTokens ?? 1000,
    ...readNames(options),
    ...readMeans(options),
    dpop: readDpop(options),
  };
}

/** Whoever wants no revoked token accepted wants no key accepted either that may have been withdrawn. */
function readJwksCache({ revocation, jwksCache }: AccessTokenVerifierOptions): JwksCacheTimes {
  const list =
    typeof revocation === "object" && "statusList" in revocation && revocation.statusList;
  const strict =
    list === false || list.failure === "open"
      ? {}
      : { staleIfErrorSeconds: list.staleIfErrorSeconds ?? 0 };
  return { ...DEFAULT_JWKS_CACHE, ...strict, ...jwksCache };
}

function readDpop({ audience, dpop = {} }: AccessTokenVerifierOptions): DpopSettings | undefined {
  if (dpop === false) return undefined;
  const [first = ""] = [audience].flat();
  const isUrl = /^https?:/.test(first) && URL.canParse(first);
  const publicUrl = dpop.publicUrl ?? (isUrl ? new URL(first).origin : undefined);
  if (publicUrl !== undefined) {
    assertOption(URL.canParse(publicUrl), "dpop.publicUrl is no URL");
    return { ...dpop, publicUrl, algorithms: dpop.algorithms ?? DEFAULT_DPOP_ALGORITHMS };
  }
  assertOption(Object.keys(dpop).length === 0, "dpop.publicUrl is missing: no audience is a URL");
  return undefined;
}

function isTrustworthy({ issuer, keys, allowHttp }: AccessTokenVerifierOptions): boolean {
  const { protocol, hostname } = new URL(issuer);
  const isOwnMachine = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$|\.localhost$/.test(hostname);
  return protocol === "https:" || isOwnMachine || keys !== undefined || allowHttp === true;
}

function readNames({ audience, realm, resourceMetadataUrl }: AccessTokenVerifierOptions) {
  const [first = "", ...others] = [audience].flat();
  assertOption(![first, ...others].includes(""), "audience is missing");
  const names = { audience: [first, ...others], realm: realm ?? first, resourceMetadataUrl };
  for (const quoted of [names.realm, resourceMetadataUrl ?? names.realm]) {
    assertOption(QUOTABLE.test(quoted), "realm and resourceMetadataUrl are printable ASCII");
  }
  return names;
}

function readMeans({ fetch, timeoutMs = 5000, clock = systemClock }: AccessTokenVerifierOptions) {
  return {
    fetch: createBoundedFetch({
      fetch: fetch ?? ((url, init) => globalThis.fetch(url, init)),
      timeoutMs,
      maxBodyBytes: MAX_BODY_BYTES,
    }),
    clock,
  };
}

function assertOption(holds: boolean, problem: string): asserts holds {
  if (!holds) throw new TypeError(`createAccessTokenVerifier: ${problem}`);
}
