import { domainOf } from "../../accounts/federated-identity.js";
import type { SignInChoice } from "../../federation/upstream-provider.js";

/** A provider as a button. */
export interface ProviderButton {
  readonly href: string;
  readonly name: string;
  readonly icon: string | undefined;
  /** This browser signed in with it last. */
  readonly isLast: boolean;
}

/** How one may sign in at the login page. */
export interface WaysIn {
  /** Whoever was used last is the first. */
  readonly providers: readonly ProviderButton[];
  readonly password: boolean;
  /** Not among the providers: they cannot make a person sign in anew, which is asked for. */
  readonly unfit: readonly string[];
  /** The address of the provider that the request leads straight to. */
  readonly straightTo: string | undefined;
}

export interface WaysInFacts {
  readonly choices: readonly SignInChoice[];
  /** Of the authorization request. */
  readonly params: Readonly<Record<string, unknown>>;
  /** Id of the provider that this browser used last. */
  readonly last: string | undefined;
  /** The path below which each provider has its own. */
  readonly path: string;
}

/** `acr_values` may name a provider, as `idp_hint` does, where a library only knows the first. */
const PROVIDER_ACR_PREFIX = "urn:latchkey:idp:";

/**
 * One provider may be the only way in; then there is nothing else to choose, whatever the
 * application asks for. Otherwise an application may name a provider (`idp_hint`, `acr_values`), and
 * the domain of `login_hint` may belong to one.
 */
export function findWaysIn({ choices, params, last, path }: WaysInFacts): WaysIn {
  const isOnly = choices.some(({ only }) => only);
  const isAskedAnew = asksFreshSignIn(params);
  const fit = choices.filter(({ canReauthenticate }) => !isAskedAnew || canReauthenticate);
  const unfit = choices.filter((choice) => !fit.includes(choice));
  const straightTo = isOnly && fit.length === 1 ? fit[0] : findAsked(fit, params);
  const [used, others] = [fit.filter(({ id }) => id === last), fit.filter(({ id }) => id !== last)];
  return {
    providers: [...used, ...others].map((choice) => toButton(choice, path, last)),
    password: !isOnly,
    unfit: unfit.map(({ displayName }) => displayName),
    straightTo: straightTo === undefined ? undefined : toButton(straightTo, path, last).href,
  };
}

/** The form of a choice at the login page and at others. */
export function toButton(
  { id, displayName, icon }: SignInChoice,
  path: string,
  last?: string,
): ProviderButton {
  return { href: `${path}/${id}`, name: displayName, icon, isLast: id === last };
}

function findAsked(
  fit: readonly SignInChoice[],
  params: Readonly<Record<string, unknown>>,
): SignInChoice | undefined {
  const names = namedProviders(params);
  const named = fit.find(({ id }) => names.includes(id));
  if (named !== undefined) return named;
  const hint = text(params["login_hint"]);
  if (!hint.includes("@")) return undefined;
  const domain = domainOf(hint);
  const responsible = fit.filter(({ hintDomains }) => hintDomains.includes(domain));
  return responsible.length === 1 ? responsible[0] : undefined;
}

function namedProviders(params: Readonly<Record<string, unknown>>): string[] {
  const acrs = text(params["acr_values"]).split(" ");
  return [
    text(params["idp_hint"]),
    ...acrs
      .filter((acr) => acr.startsWith(PROVIDER_ACR_PREFIX))
      .map((acr) => acr.slice(PROVIDER_ACR_PREFIX.length)),
  ];
}

/** OpenID Connect Core §3.1.2.1. */
function asksFreshSignIn(params: Readonly<Record<string, unknown>>): boolean {
  return text(params["prompt"]).split(" ").includes("login") || params["max_age"] !== undefined;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
