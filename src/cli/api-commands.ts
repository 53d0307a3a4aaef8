import { Option, type Command } from "commander";
import * as apis from "../commands/api-commands.js";
import type { WithApp } from "../commands/command.js";
import { positiveInteger } from "./positive-integer.js";

interface CreateOptions {
  name?: string;
  scope: string[];
  format: "jwt" | "opaque";
  algorithm?: apis.CreateApiOptions["algorithm"];
  accessTokenSeconds?: number;
  open: boolean;
}

/** `latchkey api`. */
export function addApiCommands(program: Command, withApp: WithApp): void {
  const api = program.command("api").description("APIs that accept this server's access tokens");
  api
    .command("create <identifier>")
    .description("register an API by its resource indicator (RFC 8707)")
    .option("--name <name>", "what people know it by")
    .option("--scope <value=words...>", "a scope and what it allows; repeatable", [])
    .addOption(new Option("--format <format>").choices(["jwt", "opaque"]).default("jwt"))
    .addOption(new Option("--algorithm <alg>").choices(["ES256", "RS256"]))
    .option("--access-token-seconds <seconds>", "lifetime of its access tokens", positiveInteger)
    .option("--open", "every client may ask for its tokens; without it only those allowed", false)
    .action((identifier: string, options: CreateOptions) =>
      withApp((app) =>
        apis.createApi(app, {
          identifier,
          name: options.name,
          scopes: options.scope,
          format: options.format,
          algorithm: options.algorithm,
          accessTokenSeconds: options.accessTokenSeconds,
          open: options.open,
        }),
      ),
    );
  api
    .command("list")
    .description("list all APIs")
    .action(() => withApp(apis.listApis));
  api
    .command("delete <identifier>")
    .description("delete an API; tokens for it are issued no more")
    .action((identifier: string) => withApp((app) => apis.deleteApi(app, identifier)));
}
