import { errors, type AccessToken, type Client, type Provider } from "oidc-provider";
import type { ResourceServer } from "../clients/resource-server-store.js";
import type { Clock } from "../lib/clock.js";
import type { ActorClaim } from "./actor-claim.js";
import type { PresentedToken } from "./presented-token.js";
import { describeResourceServer, type ResourceServerDefaults } from "./resource-server-info.js";
import type { TokenAncestor, TokenAncestors } from "./token-ancestors.js";

/** An exchange that is allowed. */
export interface Exchange {
  readonly client: Client;
  readonly subject: PresentedToken;
  readonly actor: PresentedToken | undefined;
  readonly act: ActorClaim | undefined;
  readonly api: ResourceServer;
  readonly scopes: readonly string[];
}

export interface ExchangedTokenDeps {
  readonly provider: Provider;
  readonly ancestors: TokenAncestors;
  readonly settings: ResourceServerDefaults;
  readonly clock: Clock;
}

/** 4: through more services than that nobody follows who acts for whom. */
const MAX_EXCHANGES = 4;

/**
 * @returns what makes the token, which lives no longer than those that it came from and refers to
 *   them in place of a grant: with any of them it ends.
 */
export function createCreateExchangedToken(deps: ExchangedTokenDeps) {
  const { provider, ancestors, settings, clock } = deps;

  return ({ client, subject, actor, act, api, scopes }: Exchange): AccessToken => {
    const lineage: TokenAncestor[] = [
      ...subject.ancestors,
      { role: "subject", ...subject.reference },
      ...(actor === undefined ? [] : [{ role: "actor" as const, ...actor.reference }]),
    ];
    if (lineage.filter(({ role }) => role === "subject").length > MAX_EXCHANGES) {
      throw new errors.InvalidRequest("subject_token was exchanged too often");
    }
    const info = describeResourceServer(api, scopes, settings);
    const nowSeconds = clock.nowSeconds();
    const exp = Math.min(
      nowSeconds + info.accessTokenTTL,
      ...lineage.map(({ expiresAtSeconds }) => expiresAtSeconds),
    );
    // Against its type it has no grant, which would be one of another client.
    const token: AccessToken = Reflect.construct(provider.AccessToken, [
      {
        client,
        accountId: subject.subject,
        gty: "token_exchange",
        resourceServer: new provider.ResourceServer(api.identifier, info),
        scope: scopes.join(" "),
        exp,
        expiresIn: exp - nowSeconds,
        ...(act === undefined ? {} : { extra: { act } }),
      },
    ]);
    ancestors.set(token, lineage);
    return token;
  };
}
