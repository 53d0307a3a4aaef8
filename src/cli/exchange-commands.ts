import { Option, type Command } from "commander";
import {
  TOKEN_EXCHANGE_KINDS,
  type TokenExchangeKind,
} from "../clients/token-exchange-policy-store.js";
import type { WithApp } from "../commands/command.js";
import * as exchanges from "../commands/exchange-commands.js";

interface KeyOptions {
  from?: string;
  to: string;
}

interface AllowOptions extends KeyOptions {
  kind: TokenExchangeKind[];
  scope: string[];
}

/** `latchkey exchange`. */
export function addExchangeCommands(program: Command, withApp: WithApp): void {
  const exchange = program
    .command("exchange")
    .description("which clients may exchange tokens for others (RFC 8693)");
  exchange
    .command("allow <client-id>")
    .description("let a client exchange tokens, or change how; it may do nothing else of the kind")
    .option("--from <identifier>", "the API that the exchanged tokens are for; default: any")
    .requiredOption("--to <identifier>", "the API that the new tokens are for")
    .addOption(
      new Option("--kind <kind...>", "delegation names who acts, impersonation does not")
        .choices(TOKEN_EXCHANGE_KINDS)
        .default(["delegation"]),
    )
    .option("--scope <value...>", "what they may carry; default: what the exchanged ones carry", [])
    .action((clientId: string, options: AllowOptions) =>
      withApp((app) =>
        exchanges.allowExchange(app, {
          clientId,
          source: options.from,
          target: options.to,
          kinds: options.kind,
          scopes: options.scope,
        }),
      ),
    );
  exchange
    .command("disallow <client-id>")
    .description("take that back; it counts within a second")
    .option("--from <identifier>", "as it was allowed")
    .requiredOption("--to <identifier>", "as it was allowed")
    .action((clientId: string, { from, to }: KeyOptions) =>
      withApp((app) => exchanges.disallowExchange(app, { clientId, source: from, target: to })),
    );
  exchange
    .command("list")
    .description("list all that is allowed")
    .action(() => withApp(exchanges.listExchanges));
}
