import type { ApiDeclarations } from "../clients/declared-apis.js";
import type { ProviderDeclarations } from "../federation/declared-providers.js";
import type { Theme } from "../lib/theme.js";

export type AccessTokenAlgorithm = "ES256" | "RS256" | "PS256" | "EdDSA";
/** OAuth 2.0 Multiple Response Type Encoding Practices; those with an access token are left out. */
export type ResponseType = "code" | "id_token" | "code id_token" | "none";
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

/** Whose `X-Forwarded-*` headers are believed. */
export interface TrustedProxies {
  /** How many proxies stand in front of us; 0: none, and the headers are ignored. */
  readonly hops: number;
  /** Only what connects from these (IP or CIDR) is a proxy, and then `hops` is 1; `any`: whoever connects. */
  readonly addresses: readonly string[] | "any";
}

/** Wrong passwords before the first wait. */
export interface AttemptSettings {
  readonly perAccountAndNetwork: number;
  readonly perAccount: number;
  readonly perNetwork: number;
}

export interface PasswordHashCost {
  readonly memoryKib: number;
  readonly iterations: number;
  readonly parallelism: number;
}

export interface SmtpConfig {
  /** `smtp:` or `smtps:`. May contain a password. */
  readonly url: string;
  /** `offered`: mail is sent in the clear to a server without STARTTLS. */
  readonly tls: "required" | "offered";
  readonly from: string;
}

/**
 * Everything an operator decides, read once at start. Deeply frozen; made only by `loadConfig`.
 * `docs/configuration.md` says which variable feeds which field and why.
 */
export interface Config {
  readonly mode: "development" | "production";
  /** Canonical URL without a trailing slash, query or fragment; may have a path. */
  readonly issuer: string;
  /** Address that the server listens on. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly dataDirectory: string;
  /** `sqlite:<path>`, `postgres://…` or `postgresql://…`. May contain a password. */
  readonly databaseUrl: string;
  /** Undefined only in development: one is generated and kept in `dataDirectory`. */
  readonly secretKey: string | undefined;
  /** What was made under it is accepted, too. */
  readonly secretKeyPrevious: string | undefined;
  /** For so long a key signs; 0: until an operator changes it. */
  readonly signingKeyRotationSeconds: number;
  readonly accessTokenAlgorithm: AccessTokenAlgorithm;
  readonly accessTokenSeconds: number;
  /** `ttl` of a status list. */
  readonly statusListTtlSeconds: number;
  /** Unused for this long ends a refresh token; each rotation starts anew. */
  readonly refreshTokenSeconds: number;
  /** Absolute end of a grant and of its refresh tokens. */
  readonly grantSeconds: number;
  readonly sessionIdleSeconds: number;
  readonly sessionAbsoluteSeconds: number;
  /** Of one client at one address. */
  readonly sessionStatusPerMinute: number;
  readonly trustedProxies: TrustedProxies;
  /** In lower case; undefined: certificates of clients are not known. */
  readonly clientCertificateHeader: string | undefined;
  /** Whether people have a second step: not at all, as they like, or all of them. */
  readonly secondStep: "off" | "optional" | "required";
  /** People may make accounts for themselves, as far as mail can be sent. */
  readonly signUp: boolean;
  /** What they must agree to; undefined: nothing. */
  readonly terms: { readonly url: string; readonly version: string } | undefined;
  readonly openRegistration: boolean;
  readonly pkceRequired: "all" | "public";
  readonly responseTypes: readonly ResponseType[];
  readonly authorizationPost: boolean;
  readonly passwordHash: PasswordHashCost;
  /** How many passwords are hashed at once. */
  readonly passwordHashConcurrency: number;
  /** How many more may wait; beyond that a sign-in is asked to come back later. */
  readonly passwordHashQueue: number;
  readonly attempts: AttemptSettings;
  /** Characters of a new password; as `secondStep` has it. */
  readonly passwordMinLength: number;
  readonly breachedPasswordsFile: string | undefined;
  readonly pwnedPasswordsRangeUrl: string | undefined;
  readonly passkeys: boolean;
  /** Whoever signed in with a password is asked whether they want a passkey. */
  readonly passkeyOffer: boolean;
  /** Claims that people may change by themselves. */
  readonly profileClaims: readonly string[];
  /** How long people see what happened to their account. */
  readonly activitySeconds: number;
  /** For how long an account that is to be deleted can be kept after all. */
  readonly deletionGraceSeconds: number;
  /** Lower case host names and addresses on private networks that may be fetched from. */
  readonly outboundAllowedHosts: readonly string[];
  /** Undefined: no file declares APIs. */
  readonly declaredApis: ApiDeclarations | undefined;
  /** Undefined: no file declares providers to sign in at. Holds their secrets. */
  readonly declaredProviders: ProviderDeclarations | undefined;
  /** Undefined: no file says how the pages look. */
  readonly theme: Theme | undefined;
  /** The server that mail is handed to. Undefined: none. */
  readonly smtp: SmtpConfig | undefined;
  /** Who mail is from. */
  readonly mailFrom: string | undefined;
  readonly logLevel: LogLevel;
  readonly demonstrationData: boolean;
  readonly maxConnections: number;
  readonly databasePoolMax: number;
  /** `redis:`, `rediss:`, or their `-sentinel` and `-cluster` forms. May contain a password. Undefined: no Redis. */
  readonly redisUrl: string | undefined;
  readonly redisKeyPrefix: string;
  /** Whether Redis may hold keys of other applications. */
  readonly redisShared: boolean;
}
