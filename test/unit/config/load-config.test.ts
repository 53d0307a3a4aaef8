import { expect } from "chai";
import { availableParallelism } from "node:os";
import type { Config } from "../../../src/config/config.js";
import { ConfigurationError, formatProblems } from "../../../src/config/configuration-error.js";
import { loadConfig } from "../../../src/config/load-config.js";

type Environment = Record<string, string | undefined>;

const KEY = "q7VZ0nXr4kT9sLwB2mHc8dYpJ5gFaE1uR6oI3tNx";
const production: Environment = {
  NODE_ENV: "production",
  ISSUER: "https://login.example.com",
  DATABASE_URL: "postgres://latchkey:pw@db/latchkey",
  SECRET_KEY: KEY,
};

function refusalOf(environment: Environment): ConfigurationError {
  try {
    loadConfig(environment);
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
  throw new Error("The configuration was accepted");
}

const reasonsOf = (environment: Environment): string[] =>
  refusalOf(environment).problems.map(({ name, reason }) => `${name} ${reason}`);

function expectRefusal(environment: Environment, reason: RegExp): void {
  const reasons = reasonsOf(environment);
  expect(reasons).to.have.length(1);
  expect(reasons[0]).to.match(reason);
}

function isFrozenThroughout(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isFrozenThroughout);
}

describe("loadConfig", () => {
  it("has defaults for development", () => {
    const expected: Config = {
      mode: "development",
      issuer: "http://localhost:8000",
      host: "127.0.0.1",
      port: 8000,
      dataDirectory: "./data",
      databaseUrl: "sqlite:./data/latchkey.sqlite",
      secretKey: undefined,
      secretKeyPrevious: undefined,
      signingKeyRotationSeconds: 90 * 86_400,
      declaredApis: undefined,
      declaredProviders: undefined,
      theme: undefined,
      accessTokenAlgorithm: "ES256",
      accessTokenSeconds: 600,
      statusListTtlSeconds: 30,
      refreshTokenSeconds: 14 * 86_400,
      grantSeconds: 90 * 86_400,
      sessionIdleSeconds: 14 * 86_400,
      sessionAbsoluteSeconds: 30 * 86_400,
      sessionStatusPerMinute: 300,
      trustedProxies: { hops: 0, addresses: [] },
      clientCertificateHeader: undefined,
      secondStep: "optional",
      signUp: true,
      terms: undefined,
      openRegistration: false,
      pkceRequired: "all",
      responseTypes: ["code"],
      authorizationPost: false,
      passwordHash: { memoryKib: 19_456, iterations: 2, parallelism: 1 },
      passwordHashConcurrency: Math.max(1, availableParallelism() - 1),
      passwordHashQueue: 64,
      passwordMinLength: 15,
      breachedPasswordsFile: undefined,
      pwnedPasswordsRangeUrl: undefined,
      attempts: { perAccountAndNetwork: 5, perAccount: 20, perNetwork: 100 },
      passkeys: true,
      passkeyOffer: true,
      deletionGraceSeconds: 14 * 86_400,
      profileClaims: ["name", "given_name", "family_name", "nickname", "locale", "zoneinfo"],
      activitySeconds: 90 * 86_400,
      outboundAllowedHosts: [],
      logLevel: "info",
      demonstrationData: true,
      maxConnections: 10_000,
      redisUrl: undefined,
      redisKeyPrefix: "latchkey",
      redisShared: false,
      smtp: undefined,
      mailFrom: undefined,
      databasePoolMax: 10,
    };
    expect(loadConfig({})).to.deep.equal(expected);
  });

  it("has its own defaults in production", () => {
    const config = loadConfig(production);
    expect(config.mode).to.equal("production");
    expect(config.host).to.equal("0.0.0.0");
    expect(config.demonstrationData).to.equal(false);
    expect(config.secretKey).to.equal(KEY);
    expect(config.databaseUrl).to.equal(production["DATABASE_URL"]);
  });

  it("takes NODE_ENV=test for development", () => {
    expect(loadConfig({ NODE_ENV: "test" }).mode).to.equal("development");
  });

  it("freezes the whole of it", () => {
    const config = loadConfig({ TRUST_PROXY: "10.0.0.1", OUTBOUND_ALLOWED_HOSTS: "rp.test" });
    expect(isFrozenThroughout(config)).to.equal(true);
  });

  it("takes empty for unset", () => {
    const empty = { PORT: "", ISSUER: "", SECRET_KEY: "", REDIS_URL: "", TRUST_PROXY: "" };
    expect(loadConfig(empty)).to.deep.equal(loadConfig({}));
  });

  it("leaves variables of others alone", () => {
    expect(loadConfig({ SECRETKEY: "x", PATH: "/bin" })).to.deep.equal(loadConfig({}));
  });

  it("derives the issuer from PORT and the database from DATA_DIR", () => {
    const config = loadConfig({ PORT: "9000", DATA_DIR: "/var/lib/latchkey/" });
    expect(config.issuer).to.equal("http://localhost:9000");
    expect(config.databaseUrl).to.equal("sqlite:/var/lib/latchkey/latchkey.sqlite");
  });

  it("reads every lifetime in its unit", () => {
    const config = loadConfig({
      ACCESS_TOKEN_EXPIRE_MINUTES: "5",
      REFRESH_TOKEN_EXPIRE_DAYS: "1",
      GRANT_EXPIRE_DAYS: "2",
      SESSION_IDLE_EXPIRE_DAYS: "3",
      SESSION_EXPIRE_DAYS: "4",
    });
    expect(config.accessTokenSeconds).to.equal(300);
    expect(config.refreshTokenSeconds).to.equal(86_400);
    expect(config.grantSeconds).to.equal(172_800);
    expect(config.sessionIdleSeconds).to.equal(259_200);
    expect(config.sessionAbsoluteSeconds).to.equal(345_600);
  });

  it("reads true, 1 and yes as true, and false, 0 and no as false", () => {
    for (const text of ["true", "1", "yes", "TRUE"]) {
      expect(loadConfig({ OPEN_REGISTRATION: text }).openRegistration, text).to.equal(true);
    }
    for (const text of ["false", "0", "no"]) {
      expect(loadConfig({ DEMONSTRATION_DATA: text }).demonstrationData, text).to.equal(false);
    }
    expectRefusal({ OPEN_REGISTRATION: "on" }, /^OPEN_REGISTRATION must be true or false/);
  });

  it("reads whom to trust as proxy", () => {
    const trusted = (text: string) => loadConfig({ TRUST_PROXY: text }).trustedProxies;
    for (const off of ["false", "no", "0", "00"]) {
      expect(trusted(off), off).to.deep.equal({ hops: 0, addresses: [] });
    }
    for (const one of ["true", "yes", "1"]) {
      expect(trusted(one), one).to.deep.equal({ hops: 1, addresses: "any" });
    }
    expect(trusted("3")).to.deep.equal({ hops: 3, addresses: "any" });
  });

  it("believes one hop where addresses are listed, since more could be forged", () => {
    const { trustedProxies } = loadConfig({ TRUST_PROXY: "10.0.0.1, 192.168.0.0/16,fd00::/8" });
    expect(trustedProxies).to.deep.equal({
      hops: 1,
      addresses: ["10.0.0.1", "192.168.0.0/16", "fd00::/8"],
    });
  });

  it("refuses proxies that are no addresses, too many, or everybody", () => {
    for (const bad of ["-1", "1.5", "11", "proxy", "10.0.0.0/33", "fd00::/129", "10.0.0.1/", ","]) {
      expectRefusal({ TRUST_PROXY: bad }, /^TRUST_PROXY must /);
    }
    expectRefusal({ TRUST_PROXY: "0.0.0.0/0" }, /must not trust every address/);
    expectRefusal({ TRUST_PROXY: "10.0.0.1,::/0" }, /must not trust every address/);
  });

  it("reads the response types, once each", () => {
    const { responseTypes } = loadConfig({ RESPONSE_TYPES: "code, code id_token,none,code" });
    expect(responseTypes).to.deep.equal(["code", "code id_token", "none"]);
    expectRefusal({ RESPONSE_TYPES: "code,token" }, /^RESPONSE_TYPES must list only code/);
    expectRefusal({ RESPONSE_TYPES: "," }, /^RESPONSE_TYPES must list at least one/);
  });

  it("reads outbound hosts in lower case, and only hosts", () => {
    const { outboundAllowedHosts } = loadConfig({
      OUTBOUND_ALLOWED_HOSTS: "RP.internal,10.1.2.3,::1",
    });
    expect(outboundAllowedHosts).to.deep.equal(["rp.internal", "10.1.2.3", "::1"]);
    for (const bad of ["https://rp", "rp:80", "*.rp.test", "rp/path", "10.1.2.300", "[::1]"]) {
      expectRefusal({ OUTBOUND_ALLOWED_HOSTS: bad }, /^OUTBOUND_ALLOWED_HOSTS must be a host name/);
    }
  });

  it("reads the other choices", () => {
    const config = loadConfig({
      HOST: "::1",
      PKCE_REQUIRED: "public",
      LOG_LEVEL: "trace",
      ALGORITHM: "EdDSA",
      ARGON2_MEMORY_KIB: "47104",
      ARGON2_ITERATIONS: "3",
      ARGON2_PARALLELISM: "2",
      PASSWORD_HASH_CONCURRENCY: "4",
      PASSWORD_HASH_QUEUE: "8",
      MAX_CONNECTIONS: "50",
    });
    expect(config.host).to.equal("::1");
    expect(config.pkceRequired).to.equal("public");
    expect(config.logLevel).to.equal("trace");
    expect(config.accessTokenAlgorithm).to.equal("EdDSA");
    expect(config.passwordHash).to.deep.equal({ memoryKib: 47_104, iterations: 3, parallelism: 2 });
    expect(config.passwordHashConcurrency).to.equal(4);
    expect(config.passwordHashQueue).to.equal(8);
    expect(config.maxConnections).to.equal(50);
  });

  const outOfRange: readonly (readonly [string, readonly string[]])[] = [
    ["PORT", ["65536", "-1", "80.5", "http", "0x50", "1e3", " 80"]],
    ["ACCESS_TOKEN_EXPIRE_MINUTES", ["0", "1441", "1.5"]],
    ["REFRESH_TOKEN_EXPIRE_DAYS", ["0", "0.5", "3651"]],
    ["GRANT_EXPIRE_DAYS", ["0", "90.5"]],
    ["SESSION_IDLE_EXPIRE_DAYS", ["0"]],
    ["SESSION_EXPIRE_DAYS", ["0"]],
    ["ARGON2_MEMORY_KIB", ["19455", "19922944"]],
    ["ARGON2_ITERATIONS", ["1"]],
    ["ARGON2_PARALLELISM", ["0"]],
    ["PASSWORD_HASH_CONCURRENCY", ["0"]],
    ["PASSWORD_HASH_QUEUE", ["0", "many"]],
    ["MAX_CONNECTIONS", ["0"]],
  ];
  for (const [name, values] of outOfRange) {
    it(`refuses ${name} out of its range or with a fraction`, () => {
      for (const value of values) {
        expectRefusal({ [name]: value }, new RegExp(`^${name} must be a whole number from `));
      }
    });
  }

  it("refuses choices that are none", () => {
    expectRefusal({ PKCE_REQUIRED: "none" }, /^PKCE_REQUIRED must be one of all, public$/);
    expectRefusal({ LOG_LEVEL: "verbose" }, /^LOG_LEVEL must be one of trace, /);
    expectRefusal({ ALGORITHM: "ES512" }, /^ALGORITHM must be one of ES256, RS256, PS256, EdDSA$/);
    expectRefusal({ HOST: "localhost:8000" }, /^HOST must be a host name or an IP address/);
    expectRefusal({ HOST: "256.0.0.1" }, /^HOST must be a host name or an IP address/);
  });

  it("refuses HS256 and none as algorithm, saying why (RFC 8725 §3.2)", () => {
    expectRefusal({ ALGORITHM: "HS256" }, /every API would need the signing secret/);
    expectRefusal({ ALGORITHM: "none" }, /unsigned/);
  });

  it("accepts issuers with a port or a path", () => {
    for (const issuer of [
      "https://a.test",
      "https://a.test:8443/tenant/one",
      "http://[::1]:8000",
    ]) {
      expect(loadConfig({ ISSUER: issuer }).issuer).to.equal(issuer);
    }
  });

  it("refuses issuers that are not canonical https or http URLs (RFC 8414 §2)", () => {
    expectRefusal({ ISSUER: "login.example.com" }, /must be an absolute https or http URL/);
    expectRefusal({ ISSUER: "ftp://a.test" }, /must be an absolute https or http URL/);
    expectRefusal({ ISSUER: "https://a.test/" }, /must be written as https:\/\/a\.test$/);
    expectRefusal({ ISSUER: "https://a.test/x/" }, /must be written as https:\/\/a\.test\/x$/);
    expectRefusal({ ISSUER: "https://A.test:443" }, /must be written as https:\/\/a\.test$/);
    expectRefusal({ ISSUER: "https://a.test?x=1" }, /query or fragment/);
    expectRefusal({ ISSUER: "https://a.test/x#" }, /query or fragment/);
    expectRefusal({ ISSUER: "https://u:p@a.test" }, /user name or password/);
  });

  it("accepts SQLite and PostgreSQL, and no other database", () => {
    for (const url of [
      "sqlite:./x.sqlite",
      "postgres://u:p%40@h:5432/d",
      "postgresql://h/d",
      "postgres://u@/d?host=/run/postgresql",
    ]) {
      expect(loadConfig({ DATABASE_URL: url }).databaseUrl).to.equal(url);
    }
    for (const url of ["mysql://h/d", "sqlite:", "postgres://", "./x.sqlite"]) {
      expectRefusal({ DATABASE_URL: url }, /^DATABASE_URL must start with sqlite:/);
    }
    expectRefusal(
      { DATABASE_URL: "postgres://u:a/b#c@h/d" },
      /^DATABASE_URL must be a URL; encode/,
    );
  });

  it("takes a Redis of any kind beside PostgreSQL", () => {
    const DATABASE_URL = "postgres://u@h/d";
    for (const url of [
      "redis://127.0.0.1",
      "rediss://user:p%40ss@redis.example.com:6380/3?ca=/etc/ca.pem",
      "redis-sentinel://a:26379,b:26379/mymaster/1",
      "rediss-cluster://a:7000,b:7000",
    ]) {
      expect(loadConfig({ DATABASE_URL, REDIS_URL: url }).redisUrl).to.equal(url);
    }
    const config = loadConfig({ DATABASE_URL, REDIS_KEY_PREFIX: "lk-2", REDIS_SHARED: "true" });
    expect(config).to.include({ redisKeyPrefix: "lk-2", redisShared: true });
    expect(loadConfig({ DATABASE_POOL_MAX: "3" }).databasePoolMax).to.equal(3);
  });

  it("refuses a Redis that it could not use", () => {
    const DATABASE_URL = "postgres://u@h/d";
    expectRefusal(
      { DATABASE_URL, REDIS_URL: "127.0.0.1:6379" },
      /^REDIS_URL must start with redis:/,
    );
    expectRefusal({ DATABASE_URL, REDIS_URL: "redis-sentinel://a,b" }, /must name the master/);
    expectRefusal({ REDIS_URL: "redis://127.0.0.1" }, /^REDIS_URL needs a PostgreSQL DATABASE_URL/);
    for (const prefix of ["a:b", "{a}", "a b", "a".repeat(65)]) {
      expectRefusal({ REDIS_KEY_PREFIX: prefix }, /^REDIS_KEY_PREFIX must be 1 to 64 letters/);
    }
    for (const max of ["0", "1", "1001", "x"]) {
      expectRefusal({ DATABASE_POOL_MAX: max }, /^DATABASE_POOL_MAX must be a whole number from 2/);
    }
  });

  it("refuses lifetimes that contradict each other", () => {
    expectRefusal({ GRANT_EXPIRE_DAYS: "13" }, /^GRANT_EXPIRE_DAYS is 13, .* which is 14$/);
    expectRefusal(
      { SESSION_IDLE_EXPIRE_DAYS: "31" },
      /^SESSION_EXPIRE_DAYS is 30, .* which is 31$/,
    );
  });

  it("needs an https issuer for AUTHORIZATION_POST", () => {
    const issuer = "https://a.test";
    expect(loadConfig({ AUTHORIZATION_POST: "yes", ISSUER: issuer }).authorizationPost).to.equal(
      true,
    );
    expectRefusal({ AUTHORIZATION_POST: "yes" }, /^AUTHORIZATION_POST needs an https ISSUER/);
    expectRefusal({ AUTHORIZATION_POST: "yes", ISSUER: "nonsense" }, /^ISSUER /);
  });

  it("wants 32 characters of secret key, in development too", () => {
    expectRefusal({ SECRET_KEY: "short" }, /^SECRET_KEY must have at least 32 characters$/);
  });
});

describe("MTLS_CLIENT_CERTIFICATE_HEADER", () => {
  it("needs to know the proxy by its addresses, since anybody else could be any client", () => {
    const MTLS_CLIENT_CERTIFICATE_HEADER = "Client-Cert";
    for (const TRUST_PROXY of [undefined, "false", "true", "2"]) {
      expectRefusal(
        { MTLS_CLIENT_CERTIFICATE_HEADER, TRUST_PROXY },
        /^MTLS_CLIENT_CERTIFICATE_HEADER needs a TRUST_PROXY that lists/,
      );
    }
    const config = loadConfig({ MTLS_CLIENT_CERTIFICATE_HEADER, TRUST_PROXY: "10.0.0.0/8" });
    expect(config.clientCertificateHeader).to.equal("client-cert");
  });

  it("is no header that means something else", () => {
    for (const name of ["Authorization", "Host", "DPoP", "X-Forwarded-For", "a b", "x:"]) {
      expectRefusal(
        { MTLS_CLIENT_CERTIFICATE_HEADER: name, TRUST_PROXY: "10.0.0.1" },
        /^MTLS_CLIENT_CERTIFICATE_HEADER must be a header/,
      );
    }
  });
});

describe("loadConfig in production", () => {
  const refused: readonly (readonly [string, Environment, RegExp])[] = [
    ["no secret key", { SECRET_KEY: undefined }, /^SECRET_KEY must be given in production$/],
    ["a short one", { SECRET_KEY: KEY.slice(0, 31) }, /^SECRET_KEY must have at least 32/],
    ["one character repeated", { SECRET_KEY: "a".repeat(40) }, /^SECRET_KEY is one character/],
    ["a placeholder", { SECRET_KEY: `ChangeMe-${KEY}` }, /^SECRET_KEY is a placeholder/],
    ["a placeholder in parts", { SECRET_KEY: `change-me${KEY}` }, /^SECRET_KEY is a placeholder/],
    ["little variety", { SECRET_KEY: "abc123".repeat(6) }, /^SECRET_KEY has fewer than 10/],
    ["an http issuer", { ISSUER: "http://a.test" }, /^ISSUER must be https in production/],
    ["no database", { DATABASE_URL: undefined }, /^DATABASE_URL must be given in production$/],
    ["demonstration data", { DEMONSTRATION_DATA: "true" }, /^DEMONSTRATION_DATA must not be true/],
  ];
  for (const [what, change, reason] of refused) {
    it(`refuses ${what}`, () => expectRefusal({ ...production, ...change }, reason));
  }

  it("accepts an http issuer on loopback", () => {
    for (const host of ["localhost:8000", "id.localhost", "127.0.0.2", "[::1]:8000"]) {
      expect(loadConfig({ ...production, ISSUER: `http://${host}` }).issuer).to.include(host);
    }
    expectRefusal({ ...production, ISSUER: "http://127.evil.test" }, /^ISSUER must be https/);
  });

  it("accepts what it refuses here in development", () => {
    const config = loadConfig({ ISSUER: "http://a.test", SECRET_KEY: "a".repeat(40) });
    expect(config.issuer).to.equal("http://a.test");
  });
});

describe("ConfigurationError", () => {
  it("carries every problem at once, those of the file and among settings included", () => {
    const fromFile = { name: ".env", reason: "line 1 is odd", example: "PORT=8000" };
    try {
      loadConfig({ PORT: "x", LOG_LEVEL: "y", GRANT_EXPIRE_DAYS: "1", REDIS_URL: "z" }, [fromFile]);
      expect.fail("accepted");
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      expect(error.code).to.equal("invalid_configuration");
      expect(error.problems.map(({ name }) => name)).to.deep.equal([
        ".env",
        "PORT",
        "LOG_LEVEL",
        "REDIS_URL",
        "GRANT_EXPIRE_DAYS",
      ]);
    }
  });

  it("shows a bad value, quoted, and never a secret one", () => {
    const error = refusalOf({
      PORT: "80\n00",
      SECRET_KEY: "hunter2",
      DATABASE_URL: "mysql://u:hunter2@h/d",
      REDIS_URL: "redis://:hunter2@h",
      ISSUER: "https://u:hunter2@a.test",
      LOG_LEVEL: "v".repeat(500),
    });
    const everything = formatProblems(error) + error.message + JSON.stringify(error.problems);
    expect(everything).to.not.include("hunter2");
    expect(everything).to.include("80\\n00");
    expect(everything).to.not.include("v".repeat(101));
    const withValue = error.problems.filter(({ value }) => value !== undefined);
    expect(withValue.map(({ name }) => name)).to.deep.equal(["ISSUER", "PORT", "LOG_LEVEL"]);
  });

  it("is formatted with the name, what is wrong, the value and an example", () => {
    expect(formatProblems(refusalOf({ PORT: "high" }))).to.equal(
      [
        "Latchkey cannot start: 1 problem in the configuration (see docs/configuration.md).",
        "",
        '  PORT must be a whole number from 0 to 65535 (it is "high")',
        "    for example: PORT=8000",
        "",
      ].join("\n"),
    );
    expect(formatProblems(refusalOf({ PORT: "x", HOST: "/" }))).to.include("2 problems");
  });
});
