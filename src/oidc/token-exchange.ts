import { errors, type Client, type TokenEndpointGrantContext } from "oidc-provider";
import type { ClientStore } from "../clients/client-store.js";
import type { ResourceServer, ResourceServerStore } from "../clients/resource-server-store.js";
import {
  findDecidingPolicy,
  type TokenExchangePolicy,
  type TokenExchangePolicyStore,
} from "../clients/token-exchange-policy-store.js";
import { mayAct, nestActor, parseActorClaim, type ActorClaim } from "./actor-claim.js";
import { noteExchange } from "./exchange-facts.js";
import {
  ACCESS_TOKEN_TYPE,
  EXCHANGE_PARAMETERS,
  JWT_TYPE,
  REPEATABLE_PARAMETERS,
  parseExchangeRequest,
} from "./exchange-request.js";
import { scopesOfExchange } from "./exchange-scopes.js";
import { createRequirePresentedToken, type ExchangeSourceDeps } from "./exchange-source.js";
import { createRequireExchangeTarget } from "./exchange-target.js";
import { createCreateExchangedToken, type ExchangedTokenDeps } from "./exchanged-token.js";
import { buildTokenResponse } from "./grant-steps.js";
import { requirePossession } from "./exchange-possession.js";
import type { PresentedToken } from "./presented-token.js";
import { TOKEN_EXCHANGE } from "./grant-types.js";

export interface TokenExchangeDeps extends ExchangeSourceDeps, ExchangedTokenDeps {
  readonly tokenExchangePolicies: TokenExchangePolicyStore;
  readonly clients: ClientStore;
  readonly resourceServers: ResourceServerStore;
}

/**
 * Token exchange (RFC 8693). Deny by default: what a client may exchange is what an administrator
 * wrote down (`TokenExchangePolicy`) and that alone; `grant_types` of its registration says nothing.
 */
export function registerTokenExchange(deps: TokenExchangeDeps): void {
  const { provider } = deps;
  const requireTarget = createRequireExchangeTarget(deps);
  const requireToken = createRequirePresentedToken(deps);
  const createToken = createCreateExchangedToken(deps);

  provider.registerGrantType(TOKEN_EXCHANGE, exchange, EXCHANGE_PARAMETERS, REPEATABLE_PARAMETERS);

  async function exchange(ctx: TokenEndpointGrantContext): Promise<void> {
    const { client } = ctx.oidc;
    const policies = await requirePolicies(client);
    const request = parseExchangeRequest({ ...ctx.oidc.params });
    const possession = await requirePossession(provider, ctx);
    const by = { client, confirmations: possession.confirmations };

    const subject = await requireToken(request.subject, { ...by, name: "subject_token" });
    const { accountId } = subject;
    noteExchange(ctx, { accountId, subject: subject.subject, subjectClientId: subject.clientId });
    if (subject.subject === client.clientId) {
      // Else a policy to call for others would bring tokens for itself, which `api allow` decides.
      throw new errors.InvalidRequest(
        "subject_token is about the client itself, not about another",
      );
    }
    const actor =
      request.actor && (await requireToken(request.actor, { ...by, name: "actor_token" }));
    const api = await requireTarget(request);
    noteExchange(ctx, { source: subject.audience, target: api.identifier });

    const policy = requirePolicy(policies, subject, api);
    const act = actorOf({ policy, subject, actor, client, issuer: provider.issuer });
    noteExchange(ctx, { act });
    if (request.requestedType === JWT_TYPE && api.accessTokenFormat !== "jwt") {
      throw new errors.InvalidRequest("requested_token_type: the API has opaque tokens");
    }
    const scopes = scopesOfExchange(request.scopes, { policy, subject, api });

    const token = createToken({ client, subject, actor, act, api, scopes });
    await possession.bind(token);
    ctx.oidc.entity("AccessToken", token);
    ctx.body = buildTokenResponse(provider, {
      accessToken: await token.save(),
      expiresIn: token.expiration,
      issuedTokenType: request.requestedType === JWT_TYPE ? JWT_TYPE : ACCESS_TOKEN_TYPE,
      scope: token.scope,
      tokenType: token.tokenType,
    });
  }

  async function requirePolicies(client: Client): Promise<readonly TokenExchangePolicy[]> {
    // Else whoever holds a token could exchange it in the name of this client (RFC 8693 §2.1).
    const policies =
      client.clientAuthMethod === "none"
        ? []
        : await deps.tokenExchangePolicies.findAllOf(client.clientId);
    if (policies.length > 0) return policies;
    throw new errors.UnauthorizedClient("token exchange is not allowed for this client");
  }
}

/** @throws errors.InvalidTarget, errors.InvalidRequest: RFC 8693 §2.2.2 */
function requirePolicy(
  policies: readonly TokenExchangePolicy[],
  { audience: source }: PresentedToken,
  { identifier: target }: ResourceServer,
): TokenExchangePolicy {
  const policy = findDecidingPolicy(policies, { source, target });
  if (policy !== undefined) return policy;
  if (policies.some((other) => other.target === target)) {
    throw new errors.InvalidRequest("subject_token may not be exchanged for this target");
  }
  throw new errors.InvalidTarget("no exchange for this target is allowed");
}

interface Parties {
  readonly policy: TokenExchangePolicy;
  readonly subject: PresentedToken;
  readonly actor: PresentedToken | undefined;
  readonly client: Client;
  readonly issuer: string;
}

/**
 * Who the new token names as acting. Without an actor token the client impersonates the subject if it
 * may, and else acts itself: it has just authenticated. Those who acted before stay named either way.
 */
function actorOf({ policy, subject, actor, client, issuer }: Parties): ActorClaim | undefined {
  if (actor !== undefined && !policy.kinds.includes("delegation")) {
    throw new errors.InvalidRequest("delegation is not allowed: no actor_token may be given");
  }
  if (actor !== undefined && actor.ancestors.length > 0) {
    throw new errors.InvalidRequest("actor_token must not be an exchanged token itself");
  }
  const itself = { subject: client.clientId, clientId: client.clientId };
  if (!mayAct(subject.mayAct, actor ?? itself, issuer)) {
    throw new errors.InvalidRequest("subject_token names another who may act (may_act)");
  }
  const before = parseActorClaim(subject.act);
  const impersonates = actor === undefined && policy.kinds.includes("impersonation");
  return impersonates ? before : nestActor(actor ?? itself, before);
}
