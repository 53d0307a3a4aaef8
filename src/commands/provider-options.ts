import type { NewUpstreamProvider } from "../federation/complete-provider.js";
import type {
  AccountPolicy,
  ClaimMapping,
  UpstreamAuthentication,
} from "../federation/upstream-provider.js";
import { LatchkeyError } from "../lib/errors.js";

/** As the command line gives them; what is undefined is not said. Pairs are `name=value`. */
export interface ProviderOptions {
  readonly issuer?: string;
  readonly preset?: string;
  readonly clientId?: string;
  readonly name?: string;
  readonly icon?: string;
  readonly authentication?: UpstreamAuthentication;
  readonly scope?: readonly string[];
  readonly parameter?: readonly string[];
  readonly claim?: readonly string[];
  readonly accounts?: AccountPolicy;
  readonly allowDomain?: readonly string[];
  readonly believeEmail?: readonly string[];
  readonly hintDomain?: readonly string[];
  readonly takeOverProfile?: boolean;
  readonly only?: boolean;
  readonly acr?: readonly string[];
  readonly amr?: readonly string[];
  readonly logoutThere?: boolean;
  readonly logoutFromThere?: boolean;
}

type Fact = Exclude<
  keyof NewUpstreamProvider,
  "id" | "clientId" | "managedBy" | "sealedClientSecret"
>;

type Facts = { readonly [Each in Fact]?: NewUpstreamProvider[Each] };

/** @throws LatchkeyError `invalid_option` for what is no pair. */
export function toProviderFacts(options: ProviderOptions): Facts {
  const { issuer, preset, icon, authentication, accounts, only } = options;
  return {
    ...withoutGaps({ issuer, preset, icon, authentication, accounts, only }),
    ...withoutGaps({
      displayName: options.name,
      scopes: options.scope,
      authorizationParameters: toPairs("--parameter", options.parameter),
      claims: toClaims(options.claim),
      allowedDomains: toLowerCase(options.allowDomain),
      emailAuthoritativeFor: toLowerCase(options.believeEmail),
      hintDomains: toLowerCase(options.hintDomain),
      takesOverProfile: options.takeOverProfile,
      acrMapping: toPairs("--acr", options.acr),
      amrMapping: toPairs("--amr", options.amr),
    }),
    ...(options.logoutThere === undefined && options.logoutFromThere === undefined
      ? {}
      : {
          logout: {
            fromUpstream: options.logoutFromThere ?? true,
            toUpstream: options.logoutThere ?? false,
          },
        }),
  };
}

/** A source that is empty takes the claim away. */
export function mergeClaims(known: ClaimMapping, given: ClaimMapping | undefined): ClaimMapping {
  return Object.fromEntries(
    Object.entries({ ...known, ...given }).filter(([, source]) => source !== ""),
  );
}

function withoutGaps(facts: Facts): Facts {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

function toLowerCase(domains: readonly string[] | undefined): string[] | undefined {
  return domains?.map((domain) => domain.toLowerCase());
}

function toClaims(pairs: readonly string[] | undefined): ClaimMapping | undefined {
  return toPairs("--claim", pairs);
}

function toPairs(
  option: string,
  pairs: readonly string[] | undefined,
): Record<string, string> | undefined {
  if (pairs === undefined) return undefined;
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)];
      const message = `${option} takes name=value, which "${pair}" is not.`;
      throw new LatchkeyError("invalid_option", message, { status: 400 });
    }),
  );
}
