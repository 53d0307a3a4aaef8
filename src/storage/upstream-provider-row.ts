import {
  ACCOUNT_POLICIES,
  MAPPED_CLAIMS,
  UPSTREAM_AUTHENTICATIONS,
  type ClaimMapping,
  type UpstreamClaimSource,
  type UpstreamProvider,
} from "../federation/upstream-provider.js";
import { LatchkeyError } from "../lib/errors.js";
import { parseStoredObject } from "./stored-json.js";
import type { UpstreamProviderRow } from "./tables.js";

export function toRow(
  provider: Omit<UpstreamProvider, "version">,
): Omit<UpstreamProviderRow, "version" | "created_at"> {
  const { id, kind, issuer, authentication, disabled } = provider;
  return {
    id,
    display_name: provider.displayName,
    kind,
    issuer,
    preset: provider.preset ?? null,
    client_id: provider.clientId,
    authentication,
    sealed_client_secret: provider.sealedClientSecret ?? null,
    settings: JSON.stringify({
      icon: provider.icon,
      scopes: provider.scopes,
      authorizationParameters: provider.authorizationParameters,
      claims: provider.claims,
      accounts: provider.accounts,
      allowedDomains: provider.allowedDomains,
      emailAuthoritativeFor: provider.emailAuthoritativeFor,
      hintDomains: provider.hintDomains,
      takesOverProfile: provider.takesOverProfile,
      only: provider.only,
      acrMapping: provider.acrMapping,
      amrMapping: provider.amrMapping,
      logout: provider.logout,
    }),
    disabled,
    managed_by: provider.managedBy ?? null,
  };
}

/** What a later version wrote besides is left out; what is missing is as little as there can be. */
export function toProvider(row: UpstreamProviderRow): UpstreamProvider {
  const settings = parseStoredObject(row.settings, "upstream_provider.settings");
  const logout = toObject(settings["logout"]);
  return {
    id: row.id,
    displayName: row.display_name,
    icon: typeof settings["icon"] === "string" ? settings["icon"] : undefined,
    kind: requireOneOf(["openid", "oauth"], row.kind),
    issuer: row.issuer,
    preset: row.preset ?? undefined,
    clientId: row.client_id,
    authentication: requireOneOf(UPSTREAM_AUTHENTICATIONS, row.authentication),
    sealedClientSecret: row.sealed_client_secret ?? undefined,
    scopes: toStrings(settings["scopes"]),
    authorizationParameters: toWords(settings["authorizationParameters"]),
    claims: toClaims(settings["claims"]),
    accounts: requireOneOf(ACCOUNT_POLICIES, settings["accounts"]),
    allowedDomains: toStrings(settings["allowedDomains"]),
    emailAuthoritativeFor: toStrings(settings["emailAuthoritativeFor"]),
    hintDomains: toStrings(settings["hintDomains"]),
    takesOverProfile: settings["takesOverProfile"] === true,
    only: settings["only"] === true,
    acrMapping: toWords(settings["acrMapping"]),
    amrMapping: toWords(settings["amrMapping"]),
    logout: {
      fromUpstream: logout["fromUpstream"] === true,
      toUpstream: logout["toUpstream"] === true,
    },
    disabled: Boolean(row.disabled),
    managedBy: row.managed_by ?? undefined,
    version: row.version,
  };
}

function toStrings(stored: unknown): string[] {
  return Array.isArray(stored) ? stored.map(String) : [];
}

function toObject(stored: unknown): Record<string, unknown> {
  return typeof stored === "object" && stored !== null ? { ...stored } : {};
}

function toWords(stored: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(toObject(stored)).map(([name, value]) => [name, String(value)]),
  );
}

function toClaims(stored: unknown): ClaimMapping {
  const sources = toObject(stored);
  return Object.fromEntries(
    MAPPED_CLAIMS.flatMap((claim) => {
      const source = toSource(sources[claim]);
      return source === undefined ? [] : [[claim, source]];
    }),
  );
}

function toSource(stored: unknown): UpstreamClaimSource | undefined {
  if (typeof stored === "string") return stored;
  const { const: value } = toObject(stored);
  return typeof value === "string" || typeof value === "boolean" ? { const: value } : undefined;
}

/** A rule that is not known must not be taken for another one. */
function requireOneOf<Value extends string>(values: readonly Value[], stored: unknown): Value {
  const found = values.find((value) => value === stored);
  if (found !== undefined) return found;
  const message = `A record of upstream_provider says "${String(stored)}" where one of ${values.join(", ")} is known.`;
  throw new LatchkeyError("record_unreadable", message);
}
