import { isDeepStrictEqual } from "node:util";
import type { Audit } from "../lib/audit.js";
import { LatchkeyError } from "../lib/errors.js";
import type { Logger } from "../lib/logger.js";
import type { Sealer } from "../lib/seal.js";
import { secretContext } from "./secret-context.js";
import { completeProvider, type NewUpstreamProvider } from "./complete-provider.js";
import type { UpstreamProvider, UpstreamProviderStore } from "./upstream-provider.js";

export interface DeclaredProvider {
  readonly provider: NewUpstreamProvider;
  readonly clientSecret: string | undefined;
}

/** What a file says of providers; each was found to be right. */
export interface ProviderDeclarations {
  /** Of the file, as operators know it. */
  readonly path: string;
  readonly providers: readonly DeclaredProvider[];
}

export interface DeclareProvidersDeps {
  readonly upstreamProviders: UpstreamProviderStore;
  /** Seals under SECRET_KEY; opens nothing that was sealed under the one before. */
  readonly sealer: Sealer;
  readonly audit: Audit;
  readonly logger: Pick<Logger, "warn">;
}

/**
 * Brings the providers to what the file declares. Any number of nodes may do it at once, and one that
 * finds it done changes nothing. A provider that left the file is disabled: to be missing from a file
 * must not delete what people signed up by, and must not let anybody in either.
 *
 * @param declared undefined: there is no file.
 * @throws LatchkeyError `provider_exists` when another provider has the issuer.
 */
export async function declareProviders(
  declared: ProviderDeclarations | undefined,
  deps: DeclareProvidersDeps,
): Promise<void> {
  const { path = "", providers = [] } = declared ?? {};
  for (const each of providers) await declare(each, path, deps);
  await releaseOthers(new Set(providers.map(({ provider }) => provider.id)), deps);
}

async function declare(
  { provider: given, clientSecret }: DeclaredProvider,
  managedBy: string,
  { upstreamProviders, sealer, audit }: DeclareProvidersDeps,
): Promise<void> {
  const current = await upstreamProviders.find(given.id);
  const sealedClientSecret = sealFor(given.id, { clientSecret, current, sealer });
  const provider = completeProvider({ ...given, sealedClientSecret, managedBy });
  const said = { provider: provider.id, by: managedBy };
  if (current === undefined && (await create(provider, upstreamProviders))) {
    audit({ event: "provider.created", outcome: "success", ...said });
    return;
  }
  const stored = await upstreamProviders.find(given.id);
  const changed = Object.entries(provider)
    .filter(([fact, value]) => !isDeepStrictEqual(value, stored && Reflect.get(stored, fact)))
    .map(([fact]) => fact);
  // Sealed twice, a secret looks different: the node that was first has stored the same.
  if (changed.length === 0 || (current === undefined && isSecretAlone(changed))) return;
  const { id, ...facts } = provider;
  await upstreamProviders.update(id, () => facts);
  const names = changed.toSorted().join(" ");
  audit({ event: "provider.updated", outcome: "success", ...said, changed: names });
}

interface Secret {
  readonly clientSecret: string | undefined;
  readonly current: UpstreamProvider | undefined;
  readonly sealer: Sealer;
}

/** What is stored stays, if it is the same secret under the same key. */
function sealFor(id: string, { clientSecret, current, sealer }: Secret): string | undefined {
  if (clientSecret === undefined) return undefined;
  const sealed = current?.sealedClientSecret;
  const isSame = sealed !== undefined && sealer.open(sealed, secretContext(id)) === clientSecret;
  return isSame ? sealed : sealer.seal(clientSecret, secretContext(id));
}

function isSecretAlone(changed: readonly string[]): boolean {
  return changed.every((fact) => fact === "sealedClientSecret");
}

/** @returns false when another node was faster. */
async function create(
  provider: Omit<UpstreamProvider, "version">,
  providers: UpstreamProviderStore,
): Promise<boolean> {
  try {
    await providers.create(provider);
    return true;
  } catch (err) {
    const isTaken = err instanceof LatchkeyError && err.code === "provider_exists";
    if (isTaken && (await providers.list()).some(({ id }) => id === provider.id)) return false;
    throw err;
  }
}

async function releaseOthers(
  declared: ReadonlySet<string>,
  { upstreamProviders, audit, logger }: DeclareProvidersDeps,
): Promise<void> {
  for (const { id, managedBy } of await upstreamProviders.list()) {
    if (managedBy === undefined || declared.has(id)) continue;
    await upstreamProviders.update(id, () => ({ managedBy: undefined, disabled: true }));
    const changed = "disabled managedBy";
    audit({ event: "provider.updated", outcome: "success", provider: id, changed });
    logger.warn(
      { provider: id, file: managedBy },
      "a provider left the file that declared it: it is disabled; delete it with `latchkey provider remove`",
    );
  }
}
