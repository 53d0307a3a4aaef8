import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { LatchkeyError } from "../lib/errors.js";
import { codeOf } from "./dialect.js";
import { isRedisOutage, withoutData } from "./report-redis-outages.js";
import { tlsOptions } from "./redis-options.js";
import type { RedisNode, RedisTarget } from "./redis-url.js";

/** The library asks for the address, which is then nil, and for the other sentinels. */
const UNKNOWN_MASTER = /invalid reply: null|No such master/;
const PROBE_TIMEOUT_MS = 1_000;

/** What an operator has to change before Redis can be used, by what it or the connection said. */
const REFUSALS: readonly (readonly [RegExp, string])[] = [
  [
    /sentinel .*(?:NOAUTH|WRONGPASS|invalid password)/,
    "has sentinels that ask for a password of their own, or refuse it: give sentinel_password in the URL",
  ],
  [/unknown command 'sentinel'/, "has no sentinel there, but a server: begin its URL with redis:"],
  [/NOAUTH/, "asks for a password: give it in the URL, as in redis://:password@host"],
  [
    /WRONGPASS|invalid username-password|invalid password/,
    "refuses the user or password of its URL",
  ],
  [/NOPERM/, "does not let this user run the commands that Latchkey needs (NOPERM)"],
  [/DB index/, "does not have the database of that number"],
  [/cluster support disabled/, "is not a Redis Cluster: begin its URL with redis: or rediss:"],
  [
    /ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate's altnames/,
    "has a certificate for another name: use the name in it, or give that as server_name in the URL",
  ],
  [
    /SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_(?:GET|VERIFY)|CERT_|self-signed certificate|unable to (?:get|verify)|certificate has expired/,
    "has a certificate that is not trusted: give the file of its authority as ca in the URL",
  ],
  [/EPROTO|ERR_SSL|wrong version number/, "does not speak TLS there: is it the TLS port?"],
];

/** @returns the sentence about a Redis that won't be usable before somebody changes something. */
export function findRefusal({ location }: RedisTarget, err: unknown): LatchkeyError | undefined {
  const said = `${codeOf(err)} ${err instanceof Error ? err.message : ""}`;
  const refusal = REFUSALS.find(([pattern]) => pattern.test(said));
  if (refusal === undefined) return undefined;
  return new LatchkeyError("redis_unusable", `Redis (${location}) ${refusal[1]}.`, {
    cause: withoutData(err),
  });
}

/** The sentence about a Redis that did not answer in the time given at start. */
export async function describeSilence(target: RedisTarget, err: unknown): Promise<LatchkeyError> {
  const { kind, location, masterName } = target;
  if (kind === "sentinel" && err instanceof Error && UNKNOWN_MASTER.test(err.message)) {
    return new LatchkeyError(
      "redis_unusable",
      `The sentinels of Redis (${location}) know no master named ${JSON.stringify(masterName)}.`,
    );
  }
  const problems = await Promise.all(target.nodes.map((node) => findNodeProblem(target, node)));
  const found = problems.find((problem) => problem !== undefined);
  const refusal = found === undefined ? undefined : findRefusal(target, found.err);
  if (refusal !== undefined) return refusal;
  const reason =
    found === undefined ? reasonOf(err) : `${codeOf(found.err) || "no answer"} at ${found.address}`;
  return new LatchkeyError(
    "redis_unavailable",
    `Redis (${location}) does not answer (${reason}): see that it runs and can be reached from here.`,
    { status: 503, cause: withoutData(err) },
  );
}

/** The sentence about a Redis that answered, but could not be prepared. */
export function describeFailure(target: RedisTarget, err: unknown): unknown {
  if (err instanceof LatchkeyError || !isRedisOutage(err)) return withoutData(err);
  return (
    findRefusal(target, err) ??
    new LatchkeyError(
      "redis_unavailable",
      `Redis (${target.location}) can't be used (${reasonOf(err)}).`,
      { status: 503, cause: withoutData(err) },
    )
  );
}

/** For messages: the code, or the innermost of what Redis and the library said, without arguments. */
export function reasonOf(err: unknown): string {
  const code = codeOf(err);
  if (code !== "") return code;
  if (!(err instanceof Error)) return "no reply";
  return err.message
    .replace(/^.*(?:Last error: | because )/s, "")
    .replaceAll(/'[^']*'|"[^"]*"/g, "'…'");
}

/** The library does not tell why it could not connect to a sentinel or to a node of a cluster. */
async function findNodeProblem({ tls }: RedisTarget, { host, port }: RedisNode) {
  const options: ConnectionOptions = { host, port, timeout: PROBE_TIMEOUT_MS };
  const socket =
    tls === undefined
      ? connectTcp({ host, port, timeout: PROBE_TIMEOUT_MS })
      : connectTls({ ...tlsOptions(tls), ...options });
  socket.on("timeout", () => socket.destroy(new Error("no answer")));
  try {
    await once(socket, tls === undefined ? "connect" : "secureConnect");
    return undefined;
  } catch (err) {
    return { err, address: `${host}:${port}` };
  } finally {
    socket.on("error", () => {}).destroy();
  }
}
