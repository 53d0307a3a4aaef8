import type { App } from "../app.js";
import { completeProvider } from "../federation/complete-provider.js";
import type { ProviderFinding } from "../federation/provider-finding.js";
import { findProviderProblems } from "../federation/find-provider-problems.js";
import { PROVIDER_MEMBERS, toProviderDocument } from "../federation/provider-document.js";
import type { UpstreamProvider, UpstreamProviderChanges } from "../federation/upstream-provider.js";
import { LatchkeyError } from "../lib/errors.js";
import { formatTable, notFound, type CommandResult } from "./command.js";
import { mergeClaims, toProviderFacts, type ProviderOptions } from "./provider-options.js";

type Providers = Pick<
  App,
  | "upstreamProviders"
  | "sealUpstreamSecret"
  | "suggestAuthentication"
  | "diagnoseProvider"
  | "callbackUrl"
  | "jwksUrl"
  | "audit"
>;

export interface AddProviderOptions {
  readonly id: string;
  readonly clientSecret: string | undefined;
  readonly facts: ProviderOptions & { readonly clientId: string };
  /** Stores it although it cannot be used so. */
  readonly untested: boolean;
}

export async function addProvider(
  app: Providers,
  { id, clientSecret, facts, untested }: AddProviderOptions,
): Promise<CommandResult> {
  const { claims, ...given } = { ...toProviderFacts(facts), id, clientId: facts.clientId };
  const sealedClientSecret = seal(app, id, clientSecret);
  const plain = completeProvider({ ...given, sealedClientSecret });
  const draft = { ...plain, claims: mergeClaims(plain.claims, claims) };
  assertRight(draft);
  const isChosen = untested || given.authentication !== undefined;
  const authentication = isChosen ? draft.authentication : await app.suggestAuthentication(draft);
  const provider = { ...draft, authentication };
  const findings = untested ? [] : await app.diagnoseProvider({ ...provider, version: 1 });
  if (findings.some(({ level }) => level === "problem")) {
    const words = `Nothing was stored, since nobody could sign in so.\n${format(findings)}\n${whatToRegister(app, provider)}\nTo store it all the same: --untested`;
    throw new LatchkeyError("provider_test_failed", words, { status: 400 });
  }
  await app.upstreamProviders.create(provider);
  app.audit({ event: "provider.created", outcome: "success", provider: id, by: "administrator" });
  const text = [
    `Added "${provider.displayName}": people find it on the sign-in page now.`,
    ...(untested ? [] : [format(findings)]),
    whatToRegister(app, provider),
  ];
  return { text: text.join("\n"), data: { ...describe({ ...provider, version: 1 }), findings } };
}

export async function listProviders(app: Providers): Promise<CommandResult> {
  const providers = await app.upstreamProviders.list();
  const rows = providers.map(({ id, displayName, issuer, accounts, disabled, managedBy, only }) => [
    id,
    displayName,
    issuer,
    accounts,
    disabled ? "disabled" : "active",
    [only ? "only way in" : "", managedBy === undefined ? "" : "from a file"]
      .filter((note) => note !== "")
      .join(", "),
  ]);
  const header = ["ID", "NAME", "ISSUER", "ACCOUNTS", "STATUS", "NOTE"];
  return { text: formatTable(header, rows), data: providers.map(describe) };
}

export async function showProvider(app: Providers, id: string): Promise<CommandResult> {
  const data = describe(await requireProvider(app, id));
  return { text: JSON.stringify(data, undefined, 2), data };
}

/** Never fails because of what it finds: that is its answer. */
export async function testProvider(app: Providers, id: string): Promise<CommandResult> {
  const provider = await requireProvider(app, id);
  const findings = await app.diagnoseProvider(provider);
  const text = `${format(findings)}\n${whatToRegister(app, provider)}`;
  return { text, data: { id, findings, redirect_uri: app.callbackUrl } };
}

export interface UpdateProviderOptions {
  readonly facts: ProviderOptions;
  readonly clientSecret: string | undefined;
}

export async function updateProvider(
  app: Providers,
  id: string,
  { facts, clientSecret }: UpdateProviderOptions,
): Promise<CommandResult> {
  const { preset, claims, ...given } = toProviderFacts(facts);
  if (preset !== undefined) {
    const message = "A preset is chosen when a provider is added: remove it and add it anew.";
    throw new LatchkeyError("invalid_option", message, { status: 400 });
  }
  const { clientId } = facts;
  const secret =
    clientSecret === undefined ? {} : { sealedClientSecret: seal(app, id, clientSecret) };
  const stated = Object.entries({ ...given, clientId, ...secret }).filter(
    ([, value]) => value !== undefined,
  );
  const provider = await change(app, id, (current) => {
    const changes: UpstreamProviderChanges = {
      ...Object.fromEntries(stated),
      claims: mergeClaims(current.claims, claims),
    };
    assertRight({ ...current, ...changes });
    return changes;
  });
  return {
    text: `Changed the provider "${id}". Sign-ins that are under way there have to begin anew.`,
    data: describe(provider),
  };
}

export async function setProviderDisabled(
  app: Providers,
  id: string,
  disabled: boolean,
): Promise<CommandResult> {
  const provider = await change(app, id, () => ({ disabled }));
  const text = disabled
    ? `Nobody can sign in through "${id}" any more, those who are on their way included. Sessions go on: end them with latchkey account sign-out.`
    : `People can sign in through "${id}" again.`;
  return { text, data: describe(provider) };
}

export async function removeProvider(app: Providers, id: string): Promise<CommandResult> {
  assertNotManaged(await requireProvider(app, id));
  if (!(await app.upstreamProviders.delete(id))) throw notFound("provider", id);
  app.audit({ event: "provider.deleted", outcome: "success", provider: id, by: "administrator" });
  const text = `Removed the provider "${id}". Accounts stay, and so do their links: adding a provider with the same issuer brings them back.`;
  return { text, data: { id } };
}

async function change(
  app: Providers,
  id: string,
  changesOf: (current: UpstreamProvider) => UpstreamProviderChanges,
): Promise<UpstreamProvider> {
  const provider = await app.upstreamProviders.update(id, (current) => {
    assertNotManaged(current);
    return changesOf(current);
  });
  if (provider === undefined) throw notFound("provider", id);
  app.audit({ event: "provider.updated", outcome: "success", provider: id, by: "administrator" });
  return provider;
}

async function requireProvider(app: Providers, id: string): Promise<UpstreamProvider> {
  const provider = await app.upstreamProviders.find(id);
  if (provider === undefined) throw notFound("provider", id);
  return provider;
}

function seal(app: Providers, id: string, secret: string | undefined): string | undefined {
  return secret === undefined || secret === "" ? undefined : app.sealUpstreamSecret(id, secret);
}

function describe(provider: UpstreamProvider) {
  return toProviderDocument(provider);
}

const MARKS: Record<ProviderFinding["level"], string> = {
  good: "ok      ",
  notice: "note    ",
  problem: "PROBLEM ",
};

function format(findings: readonly ProviderFinding[]): string {
  return findings.map(({ level, words }) => `  ${MARKS[level]}${words}`).join("\n");
}

/** What operators of the provider ask for. */
function whatToRegister(
  { callbackUrl, jwksUrl }: Providers,
  { authentication }: Pick<UpstreamProvider, "authentication">,
): string {
  const keys = authentication === "private_key_jwt" ? `\nOur keys (JWKS): ${jwksUrl}` : "";
  return `Redirect URI to register there: ${callbackUrl}${keys}`;
}

function assertNotManaged({ id, managedBy }: UpstreamProvider): void {
  if (managedBy === undefined) return;
  const message = `The provider "${id}" is declared in ${managedBy}: change it there and restart the server.`;
  throw new LatchkeyError("provider_managed", message, { status: 409 });
}

/** @throws LatchkeyError `invalid_provider` with all that is wrong. */
function assertRight(provider: Omit<UpstreamProvider, "version">): void {
  const problems = findProviderProblems(provider).map(
    ({ fact, problem }) => `${PROVIDER_MEMBERS[fact]} ${problem}`,
  );
  if (problems.length === 0) return;
  throw new LatchkeyError("invalid_provider", `${problems.join(". ")}.`, { status: 400 });
}
