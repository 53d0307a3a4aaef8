import type { Grant, KoaContextWithOIDC, Provider } from "oidc-provider";
import { toAccountId, type AccountId } from "../accounts/account.js";
import type { Consent, ConsentStore } from "../accounts/consent-store.js";
import type { ClientStore } from "../clients/client-store.js";
import { normalizeResourceIdentifier } from "../clients/resource-identifier.js";

export interface GrantDeps {
  readonly consents: ConsentStore;
  readonly clients: ClientStore;
}

/** What an authorization request asks for that its grant does not hold yet. */
export interface MissingConsent {
  readonly scopes: readonly string[];
  readonly claims: readonly string[];
  readonly resourceScopes: Readonly<Record<string, readonly string[]>>;
}

/**
 * The grant of a request: that of this session and client, extended by what the person allowed
 * before or, for a first-party client, by all that is asked for. Each session has a grant of its
 * own, so that signing out of one device does not end the applications of another.
 */
export function createLoadExistingGrant({ consents, clients }: GrantDeps) {
  const isFirstParty = async (clientId: string) =>
    (await clients.find(clientId))?.policy.firstParty === true;

  return async (ctx: KoaContextWithOIDC): Promise<Grant | undefined> => {
    const { account, client, result } = ctx.oidc;
    if (client === undefined || account === undefined) return undefined;
    const { clientId } = client;
    const { accountId } = account;

    // Just given in this request: the library judges it as it is.
    const given = result?.consent?.grantId;
    if (given !== undefined) return ctx.oidc.provider.Grant.find(given);

    const existing = await findOfSession(ctx, clientId, accountId);
    const grant = existing ?? new ctx.oidc.provider.Grant({ accountId, clientId });
    const changed = (await isFirstParty(clientId))
      ? addRequested(grant, ctx)
      : addConsented(grant, ctx, await consents.find(toAccountId(accountId), clientId));
    if (!changed) return existing;
    await grant.save();
    return grant;
  };
}

async function findOfSession(
  { oidc }: KoaContextWithOIDC,
  clientId: string,
  accountId: string,
): Promise<Grant | undefined> {
  const grantId = oidc.session?.grantIdFor(clientId);
  const grant = grantId === undefined ? undefined : await oidc.provider.Grant.find(grantId);
  return grant?.accountId === accountId ? grant : undefined;
}

/** Saves what the person just allowed, in the grant and for next time. @returns the grant's id. */
export async function allow(
  provider: Provider,
  consents: ConsentStore,
  request: {
    accountId: AccountId;
    clientId: string;
    grantId: string | undefined;
    missing: MissingConsent;
  },
): Promise<string> {
  const { accountId, clientId, grantId, missing } = request;
  const found = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const grant = found ?? new provider.Grant({ accountId, clientId });
  if (missing.scopes.length > 0) grant.addOIDCScope(missing.scopes.join(" "));
  if (missing.claims.length > 0) grant.addOIDCClaims([...missing.claims]);
  for (const [resource, scopes] of Object.entries(missing.resourceScopes)) {
    grant.addResourceScope(resource, scopes.join(" "));
  }
  await consents.add(accountId, clientId, {
    scopes: new Set(missing.scopes),
    claims: new Set(missing.claims),
    resourceScopes: byApi(missing.resourceScopes),
  });
  return grant.save();
}

/** A grant keeps the identifier as the client spelled it; what people allow is about the API. */
function byApi(resourceScopes: MissingConsent["resourceScopes"]): Map<string, Set<string>> {
  const scopesByApi = new Map<string, Set<string>>();
  for (const [resource, scopes] of Object.entries(resourceScopes)) {
    const api = normalizeResourceIdentifier(resource);
    scopesByApi.set(api, new Set([...(scopesByApi.get(api) ?? []), ...scopes]));
  }
  return scopesByApi;
}

/** All that a request of a first-party client asks for. @returns whether the grant holds more than before. */
export function addRequested(grant: Grant, { oidc }: KoaContextWithOIDC): boolean {
  return addToGrant(grant, {
    scopes: [...oidc.requestParamOIDCScopes],
    claims: [...oidc.requestParamClaims],
    resources: Object.entries(oidc.resourceServers ?? {}).map(([resource, { scopes }]) => [
      resource,
      [...oidc.requestParamScopes].filter((scope) => scopes.has(scope)),
    ]),
  });
}

function addConsented(grant: Grant, { oidc }: KoaContextWithOIDC, consent: Consent): boolean {
  const allowedOf = (resource: string) =>
    consent.resourceScopes.get(normalizeResourceIdentifier(resource));
  return addToGrant(grant, {
    scopes: [...oidc.requestParamOIDCScopes].filter((scope) => consent.scopes.has(scope)),
    claims: [...oidc.requestParamClaims].filter((claim) => consent.claims.has(claim)),
    resources: Object.entries(oidc.resourceServers ?? {}).map(([resource, { scopes }]) => [
      resource,
      [...oidc.requestParamScopes].filter(
        (scope) => scopes.has(scope) && allowedOf(resource)?.has(scope) === true,
      ),
    ]),
  });
}

/** @returns whether the grant holds more than before. */
function addToGrant(
  grant: Grant,
  addition: { scopes: string[]; claims: string[]; resources: [string, string[]][] },
): boolean {
  const scopesHeld = new Set(grant.getOIDCScopeEncountered().split(" "));
  const scopes = addition.scopes.filter((scope) => !scopesHeld.has(scope));
  const claimsHeld = new Set(grant.getOIDCClaimsEncountered());
  const claims = addition.claims.filter((claim) => !claimsHeld.has(claim));
  if (scopes.length > 0) grant.addOIDCScope(scopes.join(" "));
  if (claims.length > 0) grant.addOIDCClaims(claims);

  let changed = scopes.length > 0 || claims.length > 0;
  for (const [resource, requested] of addition.resources) {
    const held = new Set(grant.getResourceScopeEncountered(resource).split(" "));
    const missing = requested.filter((scope) => !held.has(scope));
    if (missing.length === 0) continue;
    grant.addResourceScope(resource, missing.join(" "));
    changed = true;
  }
  return changed;
}
