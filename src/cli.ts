#!/usr/bin/env node
import "./lib/require-supported-node.js";
import { Command, Option } from "commander";
import type { App } from "./app.js";
import { addAccountCommands } from "./cli/account-commands.js";
import { addApiCommands } from "./cli/api-commands.js";
import { positiveInteger } from "./cli/positive-integer.js";
import { addExchangeCommands } from "./cli/exchange-commands.js";
import { addKeyCommands } from "./cli/key-commands.js";
import { addLogoutCommands } from "./cli/logout-commands.js";
import { addMailCommands } from "./cli/mail-commands.js";
import { addSessionCommands } from "./cli/session-commands.js";
import { takeAnyName } from "./cli/take-any-name.js";
import { addProviderCommands } from "./cli/provider-commands.js";
import { revokeClientTokens } from "./commands/access-commands.js";
import * as clients from "./commands/client-commands.js";
import type { CommandResult } from "./commands/command.js";
import { removeDemonstration } from "./commands/demonstration-commands.js";
import type { Config } from "./config/config.js";
import { ConfigurationError, formatProblems } from "./config/configuration-error.js";
import { loadConfig } from "./config/load-config.js";
import { loadEnvironment } from "./config/load-environment.js";
import { LatchkeyError } from "./lib/errors.js";

const program = new Command("latchkey")
  .description("Runs and looks after a Latchkey authorization server.")
  .option("--json", "print the result as JSON")
  .addHelpText("after", "\nExit codes: 0 done, 1 refused or failed, 2 wrong usage.")
  .exitOverride((err) => process.exit(err.exitCode === 0 ? 0 : 2));

program
  .command("serve")
  .description("run the server, as `npm start` does")
  .action(async () => {
    const { serve } = await import("./main.js");
    await serve();
  });

program
  .command("migrate")
  .description("bring the database's schema up to date")
  .action(() =>
    report(async () => {
      const { databaseUrl } = readConfig();
      const { openDatabase } = await import("./storage/open-database.js");
      const { migrateDatabase } = await import("./storage/migrate.js");
      const database = await openDatabase(databaseUrl);
      try {
        const applied = await migrateDatabase(database);
        const text =
          applied.length === 0 ? "The schema is up to date." : `Applied ${applied.join(", ")}.`;
        return { text, data: { applied } };
      } finally {
        await database.close();
      }
    }),
  );

addAccountCommands(program, withApp, withSessions);
addExchangeCommands(program, withApp);
addKeyCommands(program, withApp);

interface ClientOptions {
  name?: string;
  type: clients.CreateClientOptions["type"];
  redirectUri: string[];
  postLogoutRedirectUri: string[];
  backchannelLogoutUri?: string;
  firstParty: boolean;
  directSignIn: boolean;
  requireSecondStep: boolean;
  color?: string;
  api?: string;
}

const client = program.command("client").description("applications that use this server");
client
  .command("create")
  .description("register a client; its secret, if it has one, is shown once")
  .addOption(
    new Option("--type <type>", "what it is")
      .choices(["web", "spa", "native", "machine"])
      .makeOptionMandatory(),
  )
  .option("--name <name>", "what people know it by")
  .option("--redirect-uri <uri...>", "where codes are sent; repeatable", [])
  .option("--post-logout-redirect-uri <uri...>", "where people return after signing out", [])
  .option("--backchannel-logout-uri <uri>", "where its server is told that a session ended")
  .option("--first-party", "it is yours: people are not asked for consent", false)
  .option(
    "--direct-sign-in",
    "with --first-party: people may give it their password (docs/guides/first-party-sign-in.md)",
    false,
  )
  .option("--require-second-step", "people sign in to it with a second step", false)
  .option("--color <#rrggbb>", "accent of the pages about it (docs/guides/theme.md)")
  .option("--api <identifier>", "it is this API: it may introspect the tokens meant for it")
  .action((options: ClientOptions) =>
    withApp((app) =>
      clients.createClient(app, {
        name: options.name,
        type: options.type,
        redirectUris: options.redirectUri,
        postLogoutRedirectUris: options.postLogoutRedirectUri,
        backchannelLogoutUri: options.backchannelLogoutUri,
        firstParty: options.firstParty,
        directSignIn: options.directSignIn,
        secondStep: options.requireSecondStep,
        colour: options.color,
        resourceServer: options.api,
      }),
    ),
  );
client
  .command("list")
  .description("list all clients")
  .action(() => withApp(clients.listClients));
client
  .command("show <client-id>")
  .description("show what a client registered")
  .action((id: string) => withApp((app) => clients.showClient(app, id)));
client
  .command("update <client-id>")
  .description("change what you decide about a client")
  .addOption(
    new Option("--require-second-step", "people sign in to it with a second step").conflicts(
      "allowOneStep",
    ),
  )
  .option("--allow-one-step", "no second step is asked for on its account")
  .addOption(
    new Option("--color <#rrggbb>", "accent of the pages about it").conflicts("defaultColor"),
  )
  .option("--default-color", "the pages about it look like all others")
  .action((id: string, options: clients.UpdateClientOptions) =>
    withApp((app) => clients.updateClient(app, id, options)),
  );
client
  .command("delete <client-id>")
  .description("delete a client and the consents given to it")
  .action((id: string) => withApp((app) => clients.deleteClient(app, id)));
client
  .command("rotate-secret <client-id>")
  .description("replace a client's secret; the old one stops working at once")
  .action((id: string) => withApp((app) => clients.rotateClientSecret(app, id)));
client
  .command("revoke-tokens <client-id>")
  .description("end all tokens of a client, of everybody who uses it")
  .action((id: string) => withApp((app) => revokeClientTokens(app, id)));

program
  .command("initial-access-token")
  .description("tokens that allow clients to register themselves")
  .command("create")
  .description("create one")
  .option("--expires-in <seconds>", "lifetime; without it the token never expires", positiveInteger)
  .action((options: { expiresIn?: number }) =>
    withApp((app) => clients.createInitialAccessToken(app, options.expiresIn)),
  );

addApiCommands(program, withApp);
addProviderCommands(program, withApp);

addLogoutCommands(program, withApp);
addMailCommands(program, withApp);
addSessionCommands(program, withApp, withSessions);

program
  .command("demonstration")
  .description("what a first start in development mode makes")
  .command("remove")
  .description("delete all demonstration accounts and clients")
  .action(() => withApp(removeDemonstration));

takeAnyName(program);
await program.parseAsync();

function readConfig(): Config {
  const { environment, problems } = loadEnvironment(process.cwd());
  return loadConfig(environment, problems);
}

/**
 * Composes the app without listening; works beside a running server, and while Redis is away. Loaded
 * only here, so that help and refusals come at once.
 */
function withApp(command: (app: App) => Promise<CommandResult>): Promise<void> {
  return runWithApp(command, { opensRedis: false });
}

/** The same with the store that sessions lie in. */
function withSessions(command: (app: App) => Promise<CommandResult>): Promise<void> {
  return runWithApp(command, { opensRedis: true });
}

function runWithApp(
  command: (app: App) => Promise<CommandResult>,
  { opensRedis }: { opensRedis: boolean },
): Promise<void> {
  return report(async () => {
    const config = readConfig();
    const { createApp } = await import("./app.js");
    const { openDeployment } = await import("./deployment.js");
    const { systemClock } = await import("./lib/clock.js");
    const { createLogger } = await import("./lib/logger.js");
    const production = config.mode === "production";
    const logger = createLogger({
      level: production ? "info" : "warn",
      format: production ? "json" : "readable",
      destination: process.stderr,
    });
    const deployment = await openDeployment(config, undefined, opensRedis ? { logger } : undefined);
    const app = await createApp({ config, ...deployment, clock: systemClock, logger });
    try {
      return await command(app);
    } finally {
      await app.close();
      await deployment.close();
    }
  });
}

async function report(command: () => Promise<CommandResult>): Promise<void> {
  const json = program.opts<{ json?: boolean }>().json === true;
  try {
    const { text, data } = await command();
    process.stdout.write(`${json ? JSON.stringify(data, undefined, 2) : text}\n`);
  } catch (err) {
    if (!(err instanceof LatchkeyError)) throw err;
    const words =
      err instanceof ConfigurationError ? formatProblems(err) : `latchkey: ${err.message}\n`;
    const { code, message } = err;
    process.stderr.write(
      json ? `${JSON.stringify({ error: code, error_description: message })}\n` : words,
    );
    process.exitCode = 1;
  }
}
