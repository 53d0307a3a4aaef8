import { Command, type Cluster, type Redis } from "ioredis";
import { COMMAND_TIMEOUT_MS } from "./redis-options.js";

/** Not sent at all: Redis is known to be away, or too much waits for it already. */
export class CommandRefusedError extends Error {
  override readonly name = "CommandRefusedError";
}

/** Some 10 MB of waiting commands. Beyond it, waiting would only end in time-outs. */
const MAX_WAITING = 10_000;

/** What the library itself sends to set up a connection, or to see whether a cluster is ready. */
const isHandshake = ({ name }: Command) =>
  name === "cluster" || Command.checkFlag("HANDSHAKE_COMMANDS", name);

/**
 * Gives every command of one connection its limits, and the connection automatic pipelining:
 *
 * - what is issued in one turn of the event loop leaves in one write;
 * - a command that has failed for its caller (time-out) is not sent any more, late, after a
 *   reconnection;
 * - when Redis has been away for longer than a command may take, or too many wait, a command fails
 *   at once.
 */
export function limitCommands(redis: Redis): void {
  const send = redis.sendCommand.bind(redis);
  const findRefusal = createRefusals(
    redis,
    () => redis.commandQueue.length + redis["offlineQueue"].length,
  );
  const joinWrites = createWriteJoiner(redis);
  redis.sendCommand = (command, stream) => {
    const refusal = command.isSettled ? undefined : findRefusal(command);
    if (refusal !== undefined) command.reject(refusal);
    if (command.isSettled) {
      // A pipeline writes when it has counted all of its commands.
      if (stream !== undefined && "isPipeline" in stream) stream.write("");
      return command.promise;
    }
    joinWrites();
    return send(command, stream);
  };
}

/** The same for what the cluster itself keeps: commands that wait for a node. */
export function limitClusterCommands(cluster: Cluster): void {
  const send = cluster.sendCommand.bind(cluster);
  let waiting = 0;
  const settled = () => void waiting--;
  const known = new WeakSet<Command>();
  const findRefusal = createRefusals(cluster, () => waiting);
  cluster.sendCommand = (command, stream, node) => {
    const refusal = command.isSettled ? undefined : findRefusal(command);
    if (refusal !== undefined) command.reject(refusal);
    if (command.isSettled) return command.promise;
    command.setTimeout(COMMAND_TIMEOUT_MS);
    if (!known.has(command)) {
      known.add(command);
      waiting++;
      command.promise.then(settled, settled);
    }
    return send(command, stream, node);
  };
}

function createRefusals(client: Redis | Cluster, countWaiting: () => number) {
  let lostAtMs: number | undefined;
  client.on("close", () => (lostAtMs ??= performance.now()));
  client.on("ready", () => (lostAtMs = undefined));
  return (command: Command): Error | undefined => {
    const isFull = countWaiting() >= MAX_WAITING;
    const isAway =
      lostAtMs !== undefined &&
      client.status !== "ready" &&
      performance.now() - lostAtMs > COMMAND_TIMEOUT_MS;
    if ((!isFull && !isAway) || isHandshake(command)) return undefined;
    return new CommandRefusedError(isAway ? "not connected" : "too many commands wait");
  };
}

function createWriteJoiner(redis: Redis): () => void {
  let isJoining = false;
  return () => {
    if (isJoining || redis.status !== "ready") return;
    const { stream } = redis;
    isJoining = true;
    stream.cork();
    setImmediate(() => {
      isJoining = false;
      stream.uncork();
    });
  };
}
