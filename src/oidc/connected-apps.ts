import { toAccountId } from "../accounts/account.js";
import type { Consent, ConsentOfClient, ConsentStore } from "../accounts/consent-store.js";
import type { ClientRecord, ClientStore } from "../clients/client-store.js";
import { normalizeResourceIdentifier } from "../clients/resource-identifier.js";
import type { IsEnded } from "./is-ended.js";
import type { ModelStore, StoredGrant } from "./model-store.js";

/** A client that a person allowed something, or that has access now. */
export interface ConnectedApp {
  readonly clientId: string;
  readonly name: string;
  /** Where it says that it is at home; not checked. */
  readonly clientUri: string | undefined;
  readonly firstParty: boolean;
  /** OpenID Connect scopes, and claims asked for one by one. */
  readonly scopes: readonly string[];
  readonly claims: readonly string[];
  /** Scopes by API. */
  readonly resourceScopes: Readonly<Record<string, readonly string[]>>;
  /** It has access that does not end with a session. */
  readonly offline: boolean;
  /** When it last got a code or token that is kept here; undefined: it has no access now. */
  readonly lastUsedAtSeconds: number | undefined;
  /** When the person last allowed it something; undefined: they were never asked. */
  readonly allowedAtSeconds: number | undefined;
}

export interface ConnectedAppsDeps {
  readonly models: Pick<ModelStore, "listGrants">;
  readonly consents: Pick<ConsentStore, "listOfAccount">;
  readonly clients: Pick<ClientStore, "find">;
  readonly isEnded: Pick<IsEnded, "grant">;
}

export type ListApps = (accountId: string) => Promise<ConnectedApp[]>;

/** @returns what lists the connected apps of an account, the one used last first. */
export function createListApps({
  models,
  consents,
  clients,
  isEnded,
}: ConnectedAppsDeps): ListApps {
  async function listLiveGrants(accountId: string): Promise<StoredGrant[]> {
    const grants = await models.listGrants(accountId);
    const ended = await Promise.all(grants.map(({ id, payload }) => isEnded.grant(id, payload)));
    return grants.filter((_grant, index) => ended[index] !== true);
  }

  return async (accountId) => {
    const [grants, allowed] = await Promise.all([
      listLiveGrants(accountId),
      consents.listOfAccount(toAccountId(accountId)),
    ]);
    const grantsByClient = Map.groupBy(grants, ({ payload }) => String(payload["clientId"]));
    const consentByClient = new Map(allowed.map((consent) => [consent.clientId, consent]));
    const clientIds = new Set([...grantsByClient.keys(), ...consentByClient.keys()]);
    const apps = await Promise.all(
      Array.from(clientIds, async (clientId): Promise<ConnectedApp[]> => {
        const client = await clients.find(clientId);
        // Deleted, and its grants with it.
        if (client === undefined) return [];
        const own = grantsByClient.get(clientId) ?? [];
        return [describe(client, own, consentByClient.get(clientId))];
      }),
    );
    return apps.flat().toSorted((a, b) => (b.lastUsedAtSeconds ?? 0) - (a.lastUsedAtSeconds ?? 0));
  };
}

function describe(
  { clientId, metadata, policy }: ClientRecord,
  grants: readonly StoredGrant[],
  consent: ConsentOfClient | undefined,
): ConnectedApp {
  const { client_name: name, client_uri: uri } = metadata;
  const granted = grants.map(({ payload }) => readGrant(payload));
  const used = grants.map(({ payload, lastIssuedAtSeconds }) =>
    Math.max(lastIssuedAtSeconds ?? 0, Number(payload["iat"] ?? 0)),
  );
  return {
    clientId,
    name: typeof name === "string" && name !== "" ? name : clientId,
    clientUri: typeof uri === "string" ? uri : undefined,
    firstParty: policy.firstParty,
    ...sumOf(granted, consent),
    offline: granted.some((grant) => grant.scopes.includes("offline_access")),
    lastUsedAtSeconds: used.length === 0 ? undefined : Math.max(...used),
    allowedAtSeconds: consent?.grantedAtSeconds,
  };
}

/** What grants hold now, and what was remembered for the next one. */
function sumOf(
  granted: readonly ReturnType<typeof readGrant>[],
  { scopes, claims, resourceScopes }: Consent = NOTHING,
): Pick<ConnectedApp, "scopes" | "claims" | "resourceScopes"> {
  return {
    scopes: [...new Set([...scopes, ...granted.flatMap((grant) => grant.scopes)])],
    claims: [...new Set([...claims, ...granted.flatMap((grant) => grant.claims)])],
    resourceScopes: sumByApi([...resourceScopes, ...granted.flatMap((grant) => grant.resources)]),
  };
}

const NOTHING: Consent = { scopes: new Set(), claims: new Set(), resourceScopes: new Map() };

/** What the library keeps in a Grant: scopes as texts, and those of APIs by identifier. */
function readGrant(payload: Readonly<Record<string, unknown>>) {
  const { scope, claims }: Record<string, unknown> = { ...Object(payload["openid"]) };
  const resources = Object.entries({ ...Object(payload["resources"]) });
  return {
    scopes: words(scope),
    claims: Array.isArray(claims) ? claims.filter((claim) => typeof claim === "string") : [],
    resources: resources.map(([api, given]): [string, string[]] => [api, words(given)]),
  };
}

/** A grant keeps the identifier as the client spelled it. */
function sumByApi(
  entries: readonly (readonly [string, Iterable<string>])[],
): Record<string, string[]> {
  const sums = new Map<string, Set<string>>();
  for (const [resource, scopes] of entries) {
    const api = normalizeResourceIdentifier(resource);
    sums.set(api, new Set([...(sums.get(api) ?? []), ...scopes]));
  }
  return Object.fromEntries(Array.from(sums, ([api, scopes]) => [api, [...scopes]]));
}

function words(scope: unknown): string[] {
  return typeof scope === "string" ? scope.split(" ").filter((word) => word !== "") : [];
}
