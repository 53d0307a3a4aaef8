import { Argument, type Command } from "commander";
import type { WithApp } from "../commands/command.js";
import { confirm } from "../commands/confirm.js";
import * as keys from "../commands/key-commands.js";
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from "../keys/signing-key.js";

/** `latchkey keys`. */
export function addKeyCommands(program: Command, withApp: WithApp): void {
  const command = program.command("keys").description("what tokens are signed with");
  command
    .command("list")
    .description("list all signing keys: next, current, previous and retired")
    .action(() => withApp(keys.listKeys));
  command
    .command("rotate")
    .description("publish a new key, which signs when everybody has had time to learn it")
    .addArgument(new Argument("[algorithm]", "all when left out").choices(SIGNING_ALGORITHMS))
    .option("--now", "it signs in 2 s: caches of the JWKS may not know it yet", false)
    .action((algorithm: SigningAlgorithm | undefined, { now }: { now: boolean }) =>
      withApp((app) => keys.rotateKeys(app, algorithm, now ? "now" : "in_order")),
    );
  command
    .command("retire <kid>")
    .description("stop publishing a previous key before its time")
    .action((kid: string) => withApp((app) => keys.retireKey(app, kid)));
  command
    .command("drop <kid...>")
    .description("forget keys that somebody else may have; what they signed dies at once")
    .option("--yes", "do not ask", false)
    .action((kids: string[], { yes }: { yes: boolean }) =>
      withApp(async (app) => {
        await confirm(await keys.describeLoss(app, kids), yes);
        return keys.dropKeys(app, kids);
      }),
    );
  command
    .command("reseal")
    .description("seal under SECRET_KEY what is sealed under SECRET_KEY_PREVIOUS")
    .action(() => withApp(keys.resealKeys));
}
