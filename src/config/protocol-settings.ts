import { z } from "zod";
import type { Setting } from "./setting.js";
import { oneOf, responseTypes, signingAlgorithm, wholeNumber, yesOrNo } from "./setting-types.js";

const MINUTES_OF_A_DAY = 1440;
/** Ten years: far beyond any policy, and still a sane date. */
const MAX_DAYS = 3650;
/** 1 GiB for one password; more is KiB taken for bytes. */
const MAX_ARGON2_MEMORY_KIB = 1_048_576;

/** What clients and people are given, for how long, and how passwords are kept. */
export const protocolSettings = {
  ALGORITHM: {
    group: "Tokens",
    meaning: "Signs JWT access tokens. ID tokens are RS256 unless a client registers another.",
    type: signingAlgorithm,
    default: "ES256",
    example: "ES256",
    constraints: "ES256, RS256, PS256 or EdDSA; HS256 and none are refused",
  },
  SIGNING_KEY_ROTATION_DAYS: {
    group: "Tokens",
    meaning:
      "After so long a new key signs, which was published before. 0: keys change only by `latchkey keys rotate`.",
    type: wholeNumber(0, MAX_DAYS),
    default: "90",
    example: "90",
    constraints: "0 to 3650, whole days",
  },
  ACCESS_TOKEN_EXPIRE_MINUTES: {
    group: "Tokens",
    meaning: "Life of an access token.",
    type: wholeNumber(1, MINUTES_OF_A_DAY),
    default: "10",
    example: "10",
    constraints: "1 to 1440, whole minutes",
  },
  APIS_FILE: {
    group: "Tokens",
    meaning:
      "A JSON file that declares APIs (docs/guides/registering-apis.md). Each start brings the registry to what it says.",
    type: z.string(),
    defaultNote: "none: APIs are managed by `latchkey api`",
    example: "/etc/latchkey/apis.json",
    constraints: "a path; relative ones start at the working directory",
  },
  STATUS_LIST_TTL_SECONDS: {
    group: "Tokens",
    meaning:
      "How long an API may keep a status list: so soon it learns that a token was revoked. A list that cannot be had anew is good for ten times as long.",
    type: wholeNumber(1, 3600),
    default: "30",
    example: "30",
    constraints: "1 to 3600, whole seconds",
  },
  REFRESH_TOKEN_EXPIRE_DAYS: {
    group: "Tokens",
    meaning: "Unused for so long, a refresh token ends; each rotation starts anew.",
    type: wholeNumber(1, MAX_DAYS),
    default: "14",
    example: "14",
    constraints: "1 to 3650, whole days; at most `GRANT_EXPIRE_DAYS`",
  },
  GRANT_EXPIRE_DAYS: {
    group: "Tokens",
    meaning: "Absolute end of a grant and of its refresh tokens, however often they rotate.",
    type: wholeNumber(1, MAX_DAYS),
    default: "90",
    example: "90",
    constraints: "1 to 3650, whole days; at least `REFRESH_TOKEN_EXPIRE_DAYS`",
  },
  SESSION_IDLE_EXPIRE_DAYS: {
    group: "Sessions",
    meaning: "Unused for so long, a sign-in session ends.",
    type: wholeNumber(1, MAX_DAYS),
    default: "14",
    example: "14",
    constraints: "1 to 3650, whole days; at most `SESSION_EXPIRE_DAYS`",
  },
  SESSION_EXPIRE_DAYS: {
    group: "Sessions",
    meaning: "Absolute end of a sign-in session.",
    type: wholeNumber(1, MAX_DAYS),
    default: "30",
    example: "30",
    constraints: "1 to 3650, whole days; at least `SESSION_IDLE_EXPIRE_DAYS`",
  },
  SESSION_STATUS_PER_MINUTE: {
    group: "Sessions",
    meaning:
      "Times in a minute that one application, or browser, at one address may ask for the status of sessions; then it is answered 429.",
    type: wholeNumber(1, 1_000_000),
    default: "300",
    example: "300",
    constraints: "1 to 1000000",
  },
  OPEN_REGISTRATION: {
    group: "Protocol",
    meaning: "Lets anyone register a client; otherwise an initial access token is needed.",
    type: yesOrNo,
    default: "false",
    example: "true",
    constraints: "true or false",
  },
  PKCE_REQUIRED: {
    group: "Protocol",
    meaning: "Who must use PKCE: `all` clients, or only `public` ones (for certification runs).",
    type: oneOf(["all", "public"]),
    default: "all",
    example: "public",
    constraints: "all or public",
  },
  RESPONSE_TYPES: {
    group: "Protocol",
    meaning: "Response types that clients may register and use.",
    type: responseTypes,
    default: "code",
    example: "code,code id_token",
    constraints: "of `code`, `id_token`, `code id_token` and `none`, separated by commas",
  },
  AUTHORIZATION_POST: {
    group: "Protocol",
    meaning:
      "Accepts authorization requests by POST from other sites. Cookies become `SameSite=None`.",
    type: yesOrNo,
    default: "false",
    example: "true",
    constraints: "true or false; true needs an https `ISSUER`",
  },
  PROVIDERS_FILE: {
    group: "Sign-in at other providers",
    meaning:
      "A JSON file that declares providers that people may sign in at ([how](guides/single-sign-on.md#in-a-file)). Each start brings the server to what it says.",
    type: z.string(),
    defaultNote: "none: providers are managed by `latchkey provider`",
    example: "/etc/latchkey/providers.json",
    constraints: "a path; relative ones start at the working directory",
  },
  ARGON2_MEMORY_KIB: {
    group: "Passwords",
    meaning: "Memory that hashing one password takes, in KiB.",
    type: wholeNumber(19_456, MAX_ARGON2_MEMORY_KIB),
    default: "19456",
    example: "47104",
    constraints: "19456 to 1048576",
  },
  ARGON2_ITERATIONS: {
    group: "Passwords",
    meaning: "Passes over that memory.",
    type: wholeNumber(2, 100),
    default: "2",
    example: "3",
    constraints: "2 to 100",
  },
  ARGON2_PARALLELISM: {
    group: "Passwords",
    meaning: "Lanes that one password is hashed in.",
    type: wholeNumber(1, 64),
    default: "1",
    example: "1",
    constraints: "1 to 64",
  },
  PASSWORD_HASH_CONCURRENCY: {
    group: "Passwords",
    meaning: "Passwords hashed at once, each taking `ARGON2_MEMORY_KIB`.",
    type: wholeNumber(1, 1024),
    defaultNote: "one less than the processor cores, at least 1",
    example: "3",
    constraints: "1 to 1024",
  },
  PASSWORD_HASH_QUEUE: {
    group: "Passwords",
    meaning:
      "Passwords that may wait for hashing; beyond that people are asked to try again later.",
    type: wholeNumber(1, 100_000),
    default: "64",
    example: "64",
    constraints: "1 to 100000",
  },
} satisfies Record<string, Setting>;
