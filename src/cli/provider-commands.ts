import { Option, type Command } from "commander";
import type { WithApp } from "../commands/command.js";
import * as providers from "../commands/provider-commands.js";
import type { ProviderOptions } from "../commands/provider-options.js";
import { readSecret } from "../commands/read-password.js";
import { UPSTREAM_PRESETS } from "../federation/presets.js";
import { ACCOUNT_POLICIES, UPSTREAM_AUTHENTICATIONS } from "../federation/upstream-provider.js";

const SECRET_QUESTION = "Client secret (empty: there is none): ";

/** `latchkey provider`. */
export function addProviderCommands(program: Command, withApp: WithApp): void {
  const provider = program
    .command("provider")
    .description("other providers that people may sign in at (docs/guides/single-sign-on.md)");

  interface AddOptions extends ProviderOptions {
    clientId: string;
    untested: boolean;
  }
  withFacts(
    provider
      .command("add <id>")
      .description("try a provider and add it; its secret comes from a prompt or standard input"),
  )
    .addOption(
      new Option("--preset <name>", "what is known of it").choices(Object.keys(UPSTREAM_PRESETS)),
    )
    .requiredOption("--client-id <id>", "what it calls this server")
    .option("--untested", "store it without trying", false)
    .action((id: string, { untested, ...facts }: AddOptions) =>
      withApp(async (app) =>
        providers.addProvider(app, {
          id,
          facts,
          untested,
          clientSecret: hasSecret(facts) ? await readSecret(SECRET_QUESTION) : undefined,
        }),
      ),
    );
  provider
    .command("list")
    .description("list all providers")
    .action(() => withApp(providers.listProviders));
  provider
    .command("show <id>")
    .description("show all that is set of a provider, without its secret")
    .action((id: string) => withApp((app) => providers.showProvider(app, id)));
  provider
    .command("test <id>")
    .description("ask a provider whether people could sign in, and say in words what is wrong")
    .action((id: string) => withApp((app) => providers.testProvider(app, id)));
  withFacts(provider.command("update <id>").description("change what is given, and no more"))
    .option("--client-id <id>", "what it calls this server")
    .option("--secret", "another client secret, from a prompt or standard input", false)
    .action((id: string, { secret, ...facts }: ProviderOptions & { secret: boolean }) =>
      withApp(async (app) =>
        providers.updateProvider(app, id, {
          facts,
          clientSecret: secret ? await readSecret(SECRET_QUESTION) : undefined,
        }),
      ),
    );
  provider
    .command("disable <id>")
    .description("let nobody sign in through it; it counts within a second")
    .action((id: string) => withApp((app) => providers.setProviderDisabled(app, id, true)));
  provider
    .command("enable <id>")
    .description("take that back")
    .action((id: string) => withApp((app) => providers.setProviderDisabled(app, id, false)));
  provider
    .command("remove <id>")
    .description("forget a provider; accounts stay")
    .action((id: string) => withApp((app) => providers.removeProvider(app, id)));
}

function withFacts(command: Command): Command {
  return command
    .option("--issuer <url>", "where it is; its discovery document says the rest")
    .option("--name <name>", "what its button says")
    .option("--icon <icon>", "name of a built-in icon, or a data: URI of an image")
    .addOption(
      new Option("--authentication <method>", "how we prove ourselves there").choices(
        UPSTREAM_AUTHENTICATIONS,
      ),
    )
    .option("--scope <value...>", "what it is asked for")
    .option("--parameter <name=value...>", "more of each request to it, such as hd=example.com")
    .option("--claim <ours=theirs...>", "what accounts take over, such as name=display_name")
    .addOption(
      new Option("--accounts <policy>", "what a first sign-in does").choices(ACCOUNT_POLICIES),
    )
    .option("--allow-domain <domain...>", "only people with a verified address there")
    .option("--believe-email <domain...>", "its word on addresses there counts; * for all")
    .option("--hint-domain <domain...>", "a login_hint with an address there leads straight to it")
    .option("--take-over-profile", "each sign-in brings the profile up to date")
    .option("--no-take-over-profile", "only the first does")
    .option("--only", "nobody is asked for a password any more")
    .option("--no-only", "the password is a way in, too")
    .option("--acr <theirs=ours...>", "its acr in our words; * for all others")
    .option("--amr <theirs=ours...>", "its amr in our words")
    .option("--logout-there", "signing out here leads to signing out there")
    .option("--no-logout-there", "it does not")
    .option("--logout-from-there", "signing out there ends sessions here")
    .option("--no-logout-from-there", "it does not");
}

/** Only a method that needs none is taken as "there is none". */
function hasSecret({ authentication }: ProviderOptions): boolean {
  return authentication === undefined || authentication.startsWith("client_secret");
}
