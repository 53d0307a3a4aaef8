import { z } from "zod";
import type { Setting } from "./setting.js";
import { findHostViolation } from "./find-address-violation.js";
import {
  databaseUrl,
  headerName,
  hostList,
  issuerUrl,
  oneOf,
  redisKeyPrefix,
  redisUrl,
  secretKey,
  textThat,
  trustedProxies,
  wholeNumber,
  yesOrNo,
} from "./setting-types.js";

/** Where the server runs, what it stores and whom it trusts on the network. */
export const serverSettings = {
  NODE_ENV: {
    group: "Server",
    meaning: "`production` switches the production rules on; `test` is the same as `development`.",
    type: z
      .enum(["development", "test", "production"], {
        error: "must be development, test or production",
      })
      .transform((mode) => (mode === "production" ? "production" : "development")),
    default: "development",
    example: "production",
    constraints: "`development`, `test` or `production`",
  },
  ISSUER: {
    group: "Server",
    meaning: "The URL that clients know this server by; every endpoint and token carries it.",
    type: issuerUrl,
    defaultNote: "`http://localhost:<PORT>`",
    example: "https://login.example.com",
    constraints:
      "https or http URL in its canonical spelling; a path is allowed, a trailing slash, query, fragment or user name is not; https in production unless the host is loopback",
  },
  HOST: {
    group: "Server",
    meaning: "Address to listen on.",
    type: textThat(findHostViolation),
    defaultNote: "`127.0.0.1` in development, `0.0.0.0` in production",
    example: "127.0.0.1",
    constraints: "IP address or host name",
  },
  PORT: {
    group: "Server",
    meaning: "Port to listen on; 0 takes any free one (give `ISSUER` then).",
    type: wholeNumber(0, 65_535),
    default: "8000",
    example: "8000",
    constraints: "0 to 65535",
  },
  MAX_CONNECTIONS: {
    group: "Server",
    meaning: "Connections held open at once; further ones are closed.",
    type: wholeNumber(1, 1_000_000),
    default: "10000",
    example: "10000",
    constraints: "1 to 1000000",
  },
  TRUST_PROXY: {
    group: "Server",
    meaning:
      "Whose `X-Forwarded-*` headers are believed: nobody's (`false`), those of one proxy (`true`), of so many proxies in a row, or of one proxy that has one of these addresses.",
    type: trustedProxies,
    default: "false",
    example: "10.0.0.0/8,fd00::/8",
    constraints:
      "true, false, 0 to 10 hops, or IP addresses and CIDR ranges separated by commas; a range of every address is refused",
  },
  MTLS_CLIENT_CERTIFICATE_HEADER: {
    group: "Server",
    meaning:
      "Header in which the proxy that ends TLS passes the client's certificate on (RFC 8705). The proxy must set or remove it in every request ([how](operations.md#certificates-of-clients)).",
    type: headerName,
    defaultNote: "none: no tokens are bound to certificates",
    example: "Client-Cert",
    constraints: "a header name; `TRUST_PROXY` must list the proxy's addresses",
  },
  OUTBOUND_ALLOWED_HOSTS: {
    group: "Server",
    meaning:
      "Hosts on private networks that may be fetched all the same (`jwks_uri`, `sector_identifier_uri`, back-channel logout, providers to sign in at).",
    type: hostList,
    defaultNote: "none",
    example: "rp.internal,10.1.2.3",
    constraints:
      "host names and IP addresses separated by commas, without scheme, port or wildcard",
  },
  LOG_LEVEL: {
    group: "Server",
    meaning: "Least severe level that is logged.",
    type: oneOf(["trace", "debug", "info", "warn", "error"]),
    default: "info",
    example: "debug",
    constraints: "trace, debug, info, warn or error",
  },
  DATA_DIR: {
    group: "Storage and secrets",
    meaning:
      "Directory for what the server keeps on disk: the embedded database and, in development, the generated secret key.",
    type: z.string(),
    default: "./data",
    example: "/var/lib/latchkey",
    constraints: "a path; relative ones start at the working directory",
  },
  DATABASE_URL: {
    group: "Storage and secrets",
    meaning: "Database: embedded SQLite or PostgreSQL.",
    type: databaseUrl,
    defaultNote: "`sqlite:<DATA_DIR>/latchkey.sqlite`; required in production",
    example: "postgres://latchkey@db.example.com/latchkey",
    constraints: "begins with `sqlite:`, `postgres://` or `postgresql://`",
    secret: true,
  },
  DATABASE_POOL_MAX: {
    group: "Storage and secrets",
    meaning: "Connections to PostgreSQL that this process holds at most.",
    type: wholeNumber(2, 1000),
    default: "10",
    example: "20",
    constraints: "2 to 1000; all nodes together must stay below `max_connections` of PostgreSQL",
  },
  REDIS_URL: {
    group: "Storage and secrets",
    meaning:
      "Redis 7 or Valkey for sessions, grants, codes and tokens, alone, behind sentinels or as a Cluster. Without it the database keeps them.",
    type: redisUrl,
    defaultNote: "none",
    example: "redis://:password@redis.example.com:6379/0",
    constraints:
      "`redis://host:port/database`, `redis-sentinel://host:port,host:port/master-name`, `redis-cluster://host:port,host:port`; `rediss…` with TLS; needs PostgreSQL",
    secret: true,
  },
  REDIS_KEY_PREFIX: {
    group: "Storage and secrets",
    meaning: "What every key in Redis begins with.",
    type: redisKeyPrefix,
    default: "latchkey",
    example: "latchkey-staging",
    constraints: "1 to 64 letters, digits, dots, hyphens and underscores",
  },
  REDIS_SHARED: {
    group: "Storage and secrets",
    meaning: "Accepts a Redis that also holds keys of other applications.",
    type: yesOrNo,
    default: "false",
    example: "true",
    constraints: "true or false",
  },
  SECRET_KEY: {
    group: "Storage and secrets",
    meaning:
      "Protects cookies and encrypts signing keys and other secrets at rest. Losing it loses those keys.",
    type: secretKey,
    defaultNote: "in development generated once into `DATA_DIR`; required in production",
    example: "(the output of: openssl rand -base64 48)",
    constraints:
      "at least 32 characters; in production also at least 10 different ones, and not a placeholder",
    secret: true,
  },
  SECRET_KEY_PREVIOUS: {
    group: "Storage and secrets",
    meaning:
      "Another secret key, under which things may have been made: they are accepted, and made under `SECRET_KEY` from now on. For changing `SECRET_KEY` while everything goes on (docs/operations.md).",
    type: secretKey,
    defaultNote: "none",
    example: "(what SECRET_KEY was before)",
    constraints: "as `SECRET_KEY`, and not the same",
    secret: true,
  },
  DEMONSTRATION_DATA: {
    group: "Storage and secrets",
    meaning: "Creates accounts and clients to try the server with, and prints how to sign in.",
    type: yesOrNo,
    defaultNote: "`true` in development, `false` in production",
    example: "false",
    constraints: "true or false; true is refused in production",
  },
} satisfies Record<string, Setting>;
