import type { KeyObject } from "node:crypto";
import type { VerifiedAccessToken } from "./verified-access-token.js";

/** How an API finds out that a token was revoked before its end. */
export type RevocationOptions =
  /** Not at all: a token is good until it ends. */
  | "none"
  /** By the list that its `status` claim names (draft-ietf-oauth-status-list-21), fetched now and then. */
  | { readonly statusList: StatusListOptions }
  /** By asking the server (RFC 7662), for each token at least once. */
  | { readonly introspection: IntrospectionOptions }
  /** By a function of your own. */
  | { readonly isRevoked: (token: VerifiedAccessToken) => Promise<boolean> };

/**
 * When the server cannot be asked: `closed` answers 503 until it can, so that no revoked token is
 * accepted; `open` accepts what is good otherwise, so that the API works as long as its keys do.
 */
export type Failure = "open" | "closed";

export interface StatusListOptions {
  readonly failure: Failure;
  /** Lists are fetched from the origin of the issuer, and from these. */
  readonly allowedOrigins?: readonly string[];
  /** Lists are fetched anew at least this often, however long their `ttl`: 300 s unless given. */
  readonly maxCacheSeconds?: number;
  /**
   * How long a list serves after its time while the server does not answer; unless given 0 when
   * failure is `closed`, and 1 h when it is `open`.
   */
  readonly staleIfErrorSeconds?: number;
  /** How many lists are kept: 32 unless given. */
  readonly maxLists?: number;
  /** How large a list may become when it is unpacked: 2 MiB unless given, 16 million tokens. */
  readonly maxListBytes?: number;
}

export type IntrospectionOptions = IntrospectionMeans & {
  readonly failure: Failure;
  /** How long an answer counts, and with it a token after its revocation; never beyond its end. */
  readonly cacheSeconds: number;
  /** How many answers are kept: 10,000 unless given. */
  readonly maxEntries?: number;
  /** Tokens that are no JWTs are asked about, too. */
  readonly opaqueTokens?: boolean;
};

/** As whom the API asks: a client that is registered for it. */
export type IntrospectionMeans = EndpointMeans | { readonly introspect: Introspect };

export type EndpointMeans = {
  /** Where to ask; unless given, where the metadata of the issuer say. */
  readonly endpoint?: string;
  readonly clientId: string;
} & ({ readonly clientSecret: string } | { readonly privateKey: ClientKey });

/** A key by which the API authenticates (`private_key_jwt`, RFC 7523). */
export interface ClientKey {
  readonly key: CryptoKey | KeyObject;
  readonly algorithm: string;
  readonly kid?: string;
}

/** @returns what an introspection endpoint says of a token; `active` at least (RFC 7662 §2.2). */
export type Introspect = (token: string) => Promise<Readonly<Record<string, unknown>>>;
