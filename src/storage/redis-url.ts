import { LatchkeyError } from "../lib/errors.js";

export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

export interface RedisCredentials {
  readonly username?: string;
  readonly password?: string;
}

/** Files of PEM and the name that certificates must carry, where they differ from the defaults. */
export interface RedisTls {
  /** Who signed the certificate of the server; the authorities that Node trusts when absent. */
  readonly caFile?: string;
  /** What we show to a server that asks for a certificate. */
  readonly certificateFile?: string;
  readonly keyFile?: string;
  /** For servers reached by addresses that their certificates do not list. */
  readonly serverName?: string;
}

/** A Redis URL, taken apart. */
export interface RedisTarget {
  readonly kind: "standalone" | "sentinel" | "cluster";
  /** Of the server, of the sentinels, or of cluster nodes to start with; at least one. */
  readonly nodes: readonly RedisNode[];
  readonly credentials: RedisCredentials;
  /** Of the sentinels themselves; they have passwords of their own, or none. */
  readonly sentinelCredentials: RedisCredentials;
  /** Name of the master in the configuration of the sentinels; empty for other kinds. */
  readonly masterName: string;
  /** Always 0 for a cluster, which has no other. */
  readonly database: number;
  /** Undefined: no TLS. */
  readonly tls: RedisTls | undefined;
  /** The URL without credentials and parameters. */
  readonly location: string;
}

const URL_FORM =
  /^(?<scheme>redis|rediss|redis-sentinel|rediss-sentinel|redis-cluster|rediss-cluster):\/\/(?:(?<user>[^@/?#]*)@)?(?<hosts>[^@/?#]+)(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?$/;
const NODE_FORM = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<name>[^:[\]\s]+))(?::(?<port>\d{1,5}))?$/i;
const DEFAULT_PORT = 6379;
const DEFAULT_SENTINEL_PORT = 26_379;

const SENTINEL_PARAMETERS = ["sentinel_username", "sentinel_password"];
const TLS_PARAMETERS = ["ca", "cert", "key", "server_name"];

/**
 * - `redis://[user:password@]host[:port][/database]`
 * - `redis-sentinel://[user:password@]host[:port][,host[:port]…]/master-name[/database]`; the hosts are
 *   the sentinels, user and password those of the data servers. `?sentinel_username=…` and
 *   `?sentinel_password=…` are those of the sentinels.
 * - `redis-cluster://[user:password@]host[:port][,host[:port]…]`; some nodes, the rest is discovered.
 *
 * `rediss`, `rediss-sentinel` and `rediss-cluster` are the same with TLS, always verified, and may
 * have `?ca=FILE`, `?cert=FILE&key=FILE` (for servers that ask for one) and `?server_name=NAME`.
 * User, password and parameters are percent-encoded; the user may be empty (`:password@`).
 *
 * Every node must be reachable under the address that the sentinels or the cluster announce (behind
 * network address translation: `replica-announce-ip`, `cluster-announce-ip` and the like).
 *
 * @throws LatchkeyError `redis_unusable`; its message never carries the URL.
 */
export function parseRedisUrl(url: string): RedisTarget {
  const { scheme, user, hosts, path, query } = splitUrl(url);
  const kind = kindOf(scheme);
  const nodes = hosts.split(",").map((host) => parseNode(host, kind));
  if (kind === "standalone" && nodes.length > 1) throw badUrl("must name one host only");
  const parameters = parseParameters(query, allowedParameters(scheme, kind));
  const { masterName, database } = parsePath(path, kind);
  return {
    kind,
    nodes,
    masterName,
    database,
    credentials: parseCredentials(user),
    sentinelCredentials: credentialsOf(
      parameters.get("sentinel_username"),
      parameters.get("sentinel_password"),
    ),
    tls: scheme.startsWith("rediss") ? tlsOf(parameters) : undefined,
    location: `${scheme}://${nodes.map(formatNode).join(",")}${kind === "cluster" ? "" : path.replace(/\/$/, "")}`,
  };
}

function splitUrl(url: string) {
  const parts = URL_FORM.exec(url)?.groups;
  if (parts === undefined) {
    throw badUrl(
      "must look like redis://:password@host:6379/0, redis-sentinel://host:26379/master-name or redis-cluster://host:6379 " +
        "(rediss… with TLS), with special characters of the password encoded, such as %40 for @",
    );
  }
  const { scheme = "", user = "", hosts = "", path = "", query = "" } = parts;
  return { scheme, user, hosts, path, query };
}

function kindOf(scheme: string): RedisTarget["kind"] {
  if (scheme.endsWith("-sentinel")) return "sentinel";
  return scheme.endsWith("-cluster") ? "cluster" : "standalone";
}

function parseNode(text: string, kind: RedisTarget["kind"]): RedisNode {
  const parts = NODE_FORM.exec(text)?.groups;
  const host = parts?.["v6"] ?? parts?.["name"];
  const defaultPort = kind === "sentinel" ? DEFAULT_SENTINEL_PORT : DEFAULT_PORT;
  const port = Number(parts?.["port"] ?? defaultPort);
  if (host === undefined || !isPort(port)) {
    throw badUrl("must name hosts as host or host:port (IPv6 in brackets), separated by commas");
  }
  return { host, port };
}

function formatNode({ host, port }: RedisNode): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}

function parsePath(path: string, kind: RedisTarget["kind"]) {
  const [first = "", second = "", ...rest] = path.replace(/^\//, "").split("/");
  if (kind === "sentinel") {
    if (first === "" || rest.length > 0) {
      throw badUrl("must name the master after the hosts: redis-sentinel://host:26379/master-name");
    }
    return { masterName: decode(first), database: parseDatabase(second) };
  }
  const database = parseDatabase(first);
  if (second !== "" || rest.length > 0) throw badUrl("must end with the number of the database");
  if (kind === "cluster" && database !== 0)
    throw badUrl("can't name a database: a Cluster has one");
  return { masterName: "", database };
}

function parseDatabase(text: string): number {
  if (!/^\d{0,4}$/.test(text)) throw badUrl("must give the database as a number, such as /0");
  return Number(text);
}

function parseCredentials(text: string): RedisCredentials {
  if (text === "") return {};
  const colon = text.indexOf(":");
  if (colon === -1) throw badUrl("has a user but no password: write user:password@ or :password@");
  return credentialsOf(decode(text.slice(0, colon)), decode(text.slice(colon + 1)));
}

function credentialsOf(username = "", password = ""): RedisCredentials {
  return {
    ...(username === "" ? {} : { username }),
    ...(password === "" ? {} : { password }),
  };
}

function allowedParameters(scheme: string, kind: RedisTarget["kind"]): readonly string[] {
  return [
    ...(kind === "sentinel" ? SENTINEL_PARAMETERS : []),
    ...(scheme.startsWith("rediss") ? TLS_PARAMETERS : []),
  ];
}

function parseParameters(query: string, allowed: readonly string[]): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const pair of query.split("&").filter((each) => each !== "")) {
    const [name = "", ...value] = pair.split("=");
    if (!allowed.includes(name)) {
      const list = allowed.length === 0 ? "has none" : `may have ${allowed.join(", ")}`;
      throw badUrl(`has an unknown parameter; this kind ${list}`);
    }
    parameters.set(name, decode(value.join("=")));
  }
  return parameters;
}

function tlsOf(parameters: ReadonlyMap<string, string>): RedisTls {
  const [caFile, certificateFile, keyFile, serverName] = TLS_PARAMETERS.map((name) =>
    parameters.get(name),
  );
  if ((certificateFile === undefined) !== (keyFile === undefined)) {
    throw badUrl("must have both cert and key, or neither");
  }
  return {
    ...(caFile === undefined ? {} : { caFile }),
    ...(certificateFile === undefined ? {} : { certificateFile }),
    ...(keyFile === undefined ? {} : { keyFile }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badUrl("has a % that begins no encoded character: write %25 for a % sign");
  }
}

function badUrl(what: string): LatchkeyError {
  return new LatchkeyError("redis_unusable", `The Redis URL ${what}.`);
}
