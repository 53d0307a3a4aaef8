import type { Command } from "commander";

/**
 * Names that this server made up (of clients, keys, sessions) may begin with a dash and are arguments
 * all the same. What begins with two is an option, and an unknown one is refused.
 */
export function takeAnyName(command: Command): void {
  for (const each of command.commands) takeAnyName(each);
  if (command.registeredArguments.length === 0) return;
  command
    // "-h" may be the beginning of a name.
    .helpOption("--help", "display help for command")
    .allowUnknownOption()
    // Refused below: an option that is not known would be reported as one argument too many.
    .allowExcessArguments()
    .hook("preAction", ({ args, registeredArguments }) => {
      const unknown = args.find((argument) => argument.startsWith("--"));
      if (unknown !== undefined) command.error(`error: unknown option '${unknown}'`);
      const isOpenEnded = registeredArguments.some(({ variadic }) => variadic);
      const excess = isOpenEnded ? [] : args.slice(registeredArguments.length);
      if (excess.length > 0) command.error(`error: too many arguments: ${excess.join(", ")}`);
    });
}
