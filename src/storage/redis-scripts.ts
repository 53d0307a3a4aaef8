import type { Cluster, Redis } from "ioredis";
import type { REDIS_SCRIPTS } from "./redis-lua.js";
import { unknownEncoding } from "./redis-record.js";
import { userCodeTaken } from "./user-code-taken.js";

export type RedisScriptName = keyof typeof REDIS_SCRIPTS;
type Scripts<Name extends string> = Readonly<Record<Name, string>>;

/**
 * Runs one of the scripts on the key `root`, or on those that begin with it. By its hash; a server that does not
 * have it yet, or lost it in a restart or failover, gets its text.
 */
export type RunScript<Name extends string = RedisScriptName> = (
  name: Name,
  root: string,
  args: readonly string[],
) => Promise<unknown>;

type DefinedCommand = (root: string, ...args: readonly string[]) => Promise<unknown>;

export function prepareScripts<Name extends string>(
  client: Redis | Cluster,
  scripts: Scripts<Name>,
): RunScript<Name> {
  const commands = new Map<string, DefinedCommand>();
  for (const [name, lua] of Object.entries<string>(scripts)) {
    client.defineCommand(name, { numberOfKeys: 1, lua });
    const command: unknown = Reflect.get(client, name);
    if (!isCommand(command)) throw new TypeError(`the Redis client has no command ${name}`);
    commands.set(name, command.bind(client));
  }
  return async (name, root, args) => {
    try {
      return await commands.get(name)?.(root, ...args);
    } catch (err) {
      throw explained(err);
    }
  };
}

/** What scripts refuse by `LATCHKEY <code>`; Redis puts the place in the script behind it. */
function explained(err: unknown): unknown {
  if (!(err instanceof Error)) return err;
  if (err.message.startsWith("LATCHKEY user_code_taken")) return userCodeTaken(err);
  if (err.message.startsWith("LATCHKEY record_unreadable")) return unknownEncoding(err);
  return err;
}

function isCommand(value: unknown): value is DefinedCommand {
  return typeof value === "function";
}
