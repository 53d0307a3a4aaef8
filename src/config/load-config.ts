import { availableParallelism } from "node:os";
import type { Config } from "./config.js";
import { ConfigurationError, type SettingProblem } from "./configuration-error.js";
import { loadApisFile } from "./apis-file.js";
import { toSmtp } from "./mail-settings.js";
import { loadProvidersFile } from "./providers-file.js";
import { loadThemeFile } from "./theme-file.js";
import { readSettings, type Environment } from "./read-settings.js";
import type { SettingValues } from "./settings.js";

const SECONDS_OF_A_MINUTE = 60;
const SECONDS_OF_A_DAY = 86_400;

/**
 * Reads every setting. Unset and empty are the same.
 *
 * @param fileProblems what `loadEnvironment` found wrong with `.env`.
 * @throws ConfigurationError with every problem at once
 */
export function loadConfig(
  environment: Environment,
  fileProblems: readonly SettingProblem[] = [],
): Config {
  const { values, problems } = readSettings(environment);
  const apis = loadFile(values.APIS_FILE, loadApisFile);
  const providers = loadFile(values.PROVIDERS_FILE, loadProvidersFile);
  const theme = loadFile(values.THEME_FILE, loadThemeFile);
  const all = [
    ...fileProblems,
    ...problems,
    ...apis.problems,
    ...providers.problems,
    ...theme.problems,
  ];
  if (all.length > 0) throw new ConfigurationError(all);
  return deepFreeze({
    ...toConfig(values),
    declaredApis: apis.declarations,
    declaredProviders: providers.declarations,
    theme: theme.declarations,
  });
}

interface FileReading<Declarations> {
  readonly declarations?: Declarations;
  readonly problems: readonly SettingProblem[];
}

function loadFile<Declarations>(
  path: string | undefined,
  load: (path: string) => FileReading<Declarations>,
): FileReading<Declarations> {
  return path === undefined ? { problems: [] } : load(path);
}

function toConfig(
  values: SettingValues,
): Omit<Config, "declaredApis" | "declaredProviders" | "theme"> {
  const isProduction = values.NODE_ENV === "production";
  return {
    mode: values.NODE_ENV,
    issuer: values.ISSUER ?? `http://localhost:${values.PORT}`,
    host: values.HOST ?? (isProduction ? "0.0.0.0" : "127.0.0.1"),
    port: values.PORT,
    dataDirectory: values.DATA_DIR,
    databaseUrl:
      values.DATABASE_URL ?? `sqlite:${values.DATA_DIR.replace(/\/+$/, "")}/latchkey.sqlite`,
    secretKey: values.SECRET_KEY,
    secretKeyPrevious: values.SECRET_KEY_PREVIOUS,
    signingKeyRotationSeconds: values.SIGNING_KEY_ROTATION_DAYS * SECONDS_OF_A_DAY,
    accessTokenAlgorithm: values.ALGORITHM,
    accessTokenSeconds: values.ACCESS_TOKEN_EXPIRE_MINUTES * SECONDS_OF_A_MINUTE,
    statusListTtlSeconds: values.STATUS_LIST_TTL_SECONDS,
    refreshTokenSeconds: values.REFRESH_TOKEN_EXPIRE_DAYS * SECONDS_OF_A_DAY,
    grantSeconds: values.GRANT_EXPIRE_DAYS * SECONDS_OF_A_DAY,
    sessionIdleSeconds: values.SESSION_IDLE_EXPIRE_DAYS * SECONDS_OF_A_DAY,
    sessionAbsoluteSeconds: values.SESSION_EXPIRE_DAYS * SECONDS_OF_A_DAY,
    sessionStatusPerMinute: values.SESSION_STATUS_PER_MINUTE,
    trustedProxies: values.TRUST_PROXY,
    clientCertificateHeader: values.MTLS_CLIENT_CERTIFICATE_HEADER,
    secondStep: values.SECOND_STEP,
    signUp: (values.SIGN_UP ?? (isProduction ? "off" : "on")) === "on",
    terms: termsOf(values),
    openRegistration: values.OPEN_REGISTRATION,
    pkceRequired: values.PKCE_REQUIRED,
    responseTypes: values.RESPONSE_TYPES,
    authorizationPost: values.AUTHORIZATION_POST,
    passwordHash: {
      memoryKib: values.ARGON2_MEMORY_KIB,
      iterations: values.ARGON2_ITERATIONS,
      parallelism: values.ARGON2_PARALLELISM,
    },
    passwordHashConcurrency:
      values.PASSWORD_HASH_CONCURRENCY ?? Math.max(1, availableParallelism() - 1),
    passwordHashQueue: values.PASSWORD_HASH_QUEUE,
    passwordMinLength: toMinLength(values),
    breachedPasswordsFile: values.BREACHED_PASSWORDS_FILE,
    pwnedPasswordsRangeUrl: values.PWNED_PASSWORDS_RANGE_URL,
    attempts: {
      perAccountAndNetwork: values.ATTEMPTS_PER_ACCOUNT_AND_NETWORK,
      perAccount: values.ATTEMPTS_PER_ACCOUNT,
      perNetwork: values.ATTEMPTS_PER_NETWORK,
    },
    passkeys: values.PASSKEYS,
    passkeyOffer: values.PASSKEY_OFFER,
    deletionGraceSeconds: values.DELETION_GRACE_DAYS * SECONDS_OF_A_DAY,
    profileClaims: values.PROFILE_CLAIMS,
    activitySeconds: values.ACTIVITY_DAYS * SECONDS_OF_A_DAY,
    outboundAllowedHosts: values.OUTBOUND_ALLOWED_HOSTS ?? [],
    smtp: toSmtp(values),
    mailFrom: values.MAIL_FROM,
    logLevel: values.LOG_LEVEL,
    demonstrationData: values.DEMONSTRATION_DATA ?? !isProduction,
    maxConnections: values.MAX_CONNECTIONS,
    redisUrl: values.REDIS_URL,
    redisKeyPrefix: values.REDIS_KEY_PREFIX,
    redisShared: values.REDIS_SHARED,
    databasePoolMax: values.DATABASE_POOL_MAX,
  };
}

function termsOf({ TERMS_URL: url, TERMS_VERSION: version }: SettingValues): Config["terms"] {
  return url === undefined || version === undefined ? undefined : { url, version };
}

function toMinLength(values: SettingValues): number {
  return values.SECOND_STEP === "required"
    ? values.PASSWORD_MIN_LENGTH_WITH_SECOND_STEP
    : values.PASSWORD_MIN_LENGTH;
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
