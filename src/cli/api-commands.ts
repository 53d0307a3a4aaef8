import { Option, type Command } from "commander";
import * as apis from "../commands/api-commands.js";
import type { ApiOptions } from "../commands/api-options.js";
import type { WithApp } from "../commands/command.js";
import { positiveInteger } from "./positive-integer.js";

interface Options extends Pick<
  ApiOptions,
  "name" | "format" | "default" | "open" | "statusList" | "publishMetadata"
> {
  algorithm?: NonNullable<ApiOptions["algorithm"]>;
  accessTokenSeconds?: NonNullable<ApiOptions["accessTokenSeconds"]>;
  scope?: string[];
  removeScope?: string[];
  claim?: string[];
  removeClaim?: string[];
}

/** `latchkey api`. */
export function addApiCommands(program: Command, withApp: WithApp): void {
  const api = program.command("api").description("APIs that accept this server's access tokens");
  withFacts(api.command("create <identifier>"))
    .description("register an API by its resource indicator (RFC 8707)")
    .addOption(new Option("--algorithm <alg>").choices(["ES256", "RS256"]))
    .option("--access-token-seconds <seconds>", "lifetime of its access tokens", positiveInteger)
    .option("--default", "it is meant where a request names no API")
    .option("--open", "every client may ask for its tokens; without it only those allowed")
    .option("--status-list", "its tokens refer to a status list")
    .option("--publish-metadata", "publish its metadata here (RFC 9728)")
    .action((identifier: string, options: Options) =>
      withApp((app) => apis.createApi(app, identifier, toApiOptions(options))),
    );
  api
    .command("list")
    .description("list all APIs")
    .action(() => withApp(apis.listApis));
  api
    .command("show <identifier>")
    .description("show an API as a file of APIs declares it")
    .action((identifier: string) => withApp((app) => apis.showApi(app, identifier)));
  withFacts(api.command("update <identifier>"))
    .description("change what is given; tokens and consents that are there stay")
    .option("--remove-scope <value...>", "repeatable")
    .option("--remove-claim <name...>", "repeatable")
    .addOption(new Option("--algorithm <alg>").choices(["ES256", "RS256", "default"]))
    .option("--access-token-seconds <seconds>", 'lifetime, or "default"', secondsOrDefault)
    .option("--default", "it is meant where a request names no API")
    .option("--no-default")
    .option("--open", "every client may ask for its tokens")
    .option("--no-open")
    .option("--status-list", "its tokens refer to a status list")
    .option("--no-status-list")
    .option("--publish-metadata", "publish its metadata here (RFC 9728)")
    .option("--no-publish-metadata")
    .action((identifier: string, options: Options) =>
      withApp((app) => apis.updateApi(app, identifier, toApiOptions(options))),
    );
  api
    .command("allow <identifier> <client-id>")
    .description("let a client ask for an API's tokens")
    .option("--scope <value...>", "for these scopes; without it for all")
    .action((identifier: string, clientId: string, { scope }: { scope?: string[] }) =>
      withApp((app) =>
        apis.allowClient(app, {
          api: identifier,
          clientId,
          ...(scope === undefined ? {} : { scopes: scope }),
        }),
      ),
    );
  api
    .command("disallow <identifier> <client-id>")
    .description("take back what was allowed; tokens that were issued live until they expire")
    .action((identifier: string, clientId: string) =>
      withApp((app) => apis.disallowClient(app, { api: identifier, clientId })),
    );
  api
    .command("delete <identifier>")
    .description("delete an API and the consents given for it; tokens for it are issued no more")
    .action((identifier: string) => withApp((app) => apis.deleteApi(app, identifier)));
}

function withFacts(command: Command): Command {
  return command
    .option("--name <name>", "what people know it by")
    .option("--scope <value=words...>", "a scope and what it allows; repeatable")
    .addOption(new Option("--format <format>").choices(["jwt", "opaque"]))
    .option("--claim <name=source...>", "a claim of its JWTs, such as email=account.email");
}

function secondsOrDefault(value: string): number | "default" {
  return value === "default" ? value : positiveInteger(value);
}

function toApiOptions({ scope, removeScope, claim, removeClaim, ...options }: Options): ApiOptions {
  return {
    ...options,
    ...(scope === undefined ? {} : { scopes: scope }),
    ...(removeScope === undefined ? {} : { removedScopes: removeScope }),
    ...(claim === undefined ? {} : { claims: claim }),
    ...(removeClaim === undefined ? {} : { removedClaims: removeClaim }),
  };
}
