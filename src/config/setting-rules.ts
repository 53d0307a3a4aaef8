import { isLoopback } from "./find-address-violation.js";
import type { SettingName, SettingValues } from "./settings.js";

/** A rule about one setting in the light of others. */
export interface SettingRule {
  /** The setting to change. */
  readonly name: SettingName;
  /** Skipped when one of these could not be read, since that is reported already. */
  readonly reads: readonly SettingName[];
  /** @returns what is wrong, to follow the name. */
  readonly findViolation: (values: SettingValues) => string | undefined;
}

function rule<Read extends SettingName>(
  name: SettingName,
  reads: readonly Read[],
  findViolation: (values: Pick<SettingValues, Read>) => string | undefined,
): SettingRule {
  return { name, reads, findViolation };
}

function productionRule<Read extends SettingName>(
  name: Read,
  findViolation: (value: SettingValues[Read]) => string | undefined,
): SettingRule {
  return {
    name,
    reads: ["NODE_ENV", name],
    findViolation: (values) =>
      values.NODE_ENV === "production" ? findViolation(values[name]) : undefined,
  };
}

export const settingRules: readonly SettingRule[] = [
  rule("GRANT_EXPIRE_DAYS", ["GRANT_EXPIRE_DAYS", "REFRESH_TOKEN_EXPIRE_DAYS"], (values) =>
    values.GRANT_EXPIRE_DAYS < values.REFRESH_TOKEN_EXPIRE_DAYS
      ? `is ${values.GRANT_EXPIRE_DAYS}, but must be at least REFRESH_TOKEN_EXPIRE_DAYS, which is ${values.REFRESH_TOKEN_EXPIRE_DAYS}`
      : undefined,
  ),
  rule("SESSION_EXPIRE_DAYS", ["SESSION_EXPIRE_DAYS", "SESSION_IDLE_EXPIRE_DAYS"], (values) =>
    values.SESSION_EXPIRE_DAYS < values.SESSION_IDLE_EXPIRE_DAYS
      ? `is ${values.SESSION_EXPIRE_DAYS}, but must be at least SESSION_IDLE_EXPIRE_DAYS, which is ${values.SESSION_IDLE_EXPIRE_DAYS}`
      : undefined,
  ),
  rule("AUTHORIZATION_POST", ["AUTHORIZATION_POST", "ISSUER"], (values) =>
    values.AUTHORIZATION_POST && !values.ISSUER?.startsWith("https:")
      ? "needs an https ISSUER: browsers accept SameSite=None cookies over https only"
      : undefined,
  ),
  rule("REDIS_URL", ["REDIS_URL", "DATABASE_URL"], (values) =>
    values.REDIS_URL !== undefined && values.DATABASE_URL?.startsWith("postgres") !== true
      ? "needs a PostgreSQL DATABASE_URL: Redis serves several nodes, and SQLite only one"
      : undefined,
  ),
  rule(
    "MTLS_CLIENT_CERTIFICATE_HEADER",
    ["MTLS_CLIENT_CERTIFICATE_HEADER", "TRUST_PROXY"],
    (values) =>
      values.MTLS_CLIENT_CERTIFICATE_HEADER !== undefined &&
      (values.TRUST_PROXY.hops === 0 || values.TRUST_PROXY.addresses === "any")
        ? "needs a TRUST_PROXY that lists the addresses of the proxy: whoever else sets the header could be any client"
        : undefined,
  ),
  rule("MAIL_FROM", ["MAIL_FROM", "SMTP_URL"], (values) =>
    values.SMTP_URL !== undefined && values.MAIL_FROM === undefined
      ? "must be given with SMTP_URL: mail needs a sender"
      : undefined,
  ),
  rule("TERMS_VERSION", ["TERMS_URL", "TERMS_VERSION"], (values) =>
    values.TERMS_URL !== undefined && values.TERMS_VERSION === undefined
      ? "must be given with TERMS_URL: it is what is kept of the agreement"
      : undefined,
  ),
  rule("TERMS_URL", ["TERMS_URL", "TERMS_VERSION"], (values) =>
    values.TERMS_VERSION !== undefined && values.TERMS_URL === undefined
      ? "must be given with TERMS_VERSION"
      : undefined,
  ),
  rule("SIGN_UP", ["SIGN_UP", "NODE_ENV", "SMTP_URL"], (values) =>
    values.SIGN_UP === "on" && values.NODE_ENV === "production" && values.SMTP_URL === undefined
      ? "needs SMTP_URL in production: addresses are confirmed by mail"
      : undefined,
  ),
  productionRule("SECRET_KEY", (key) =>
    key === undefined ? "must be given in production" : findWeakness(key),
  ),
  productionRule("SECRET_KEY_PREVIOUS", (key) =>
    key === undefined ? undefined : findWeakness(key),
  ),
  rule("SECRET_KEY_PREVIOUS", ["SECRET_KEY_PREVIOUS", "SECRET_KEY"], (values) =>
    values.SECRET_KEY_PREVIOUS !== undefined && values.SECRET_KEY_PREVIOUS === values.SECRET_KEY
      ? "is the same as SECRET_KEY: leave it out, or give the other one"
      : undefined,
  ),
  productionRule("DATABASE_URL", (url) =>
    url === undefined ? "must be given in production" : undefined,
  ),
  productionRule("ISSUER", (issuer) => {
    const url = issuer === undefined ? null : URL.parse(issuer);
    return url?.protocol === "http:" && !isLoopback(url.hostname)
      ? "must be https in production, unless its host is loopback"
      : undefined;
  }),
  productionRule("DEMONSTRATION_DATA", (wanted) =>
    wanted === true ? "must not be true in production: it is for trying the server out" : undefined,
  ),
];

function findWeakness(key: string): string | undefined {
  const distinct = new Set(key).size;
  if (/^change[-_ ]?me/i.test(key)) return "is a placeholder: generate a random one";
  if (distinct === 1) return "is one character repeated: generate a random one";
  if (distinct < 10) return "has fewer than 10 different characters: generate a random one";
  return undefined;
}
