import type { UpstreamAuthenticationFacts } from "./upstream-identity.js";
import type { UpstreamProvider } from "./upstream-provider.js";

/** `acr` of a sign-in at another provider that its mapping says nothing of. */
export const FEDERATED_ACR = "urn:latchkey:acr:federated";

/** RFC 8176 §2; everybody who reads `amr` knows what these mean. */
const REGISTERED_AMR = new Set(
  "face fpt geo hwk iris kba mca mfa otp pin pop pwd rba retina sc sms swk tel user vbm wia".split(
    " ",
  ),
);
/** 8: more is no list of methods. */
const MAX_METHODS = 8;

/** What a provider says of how it recognized somebody. */
export interface UpstreamAuthenticationClaims {
  readonly acr?: unknown;
  readonly amr?: unknown;
  readonly auth_time?: unknown;
}

/**
 * How somebody signed in, in our words. Nothing is made up: methods that nobody maps and that mean
 * nothing in common are left out, and a class that nobody maps is "signed in elsewhere".
 */
export function mapAuthentication(
  said: UpstreamAuthenticationClaims,
  provider: Pick<UpstreamProvider, "acrMapping" | "amrMapping">,
  nowSeconds: number,
): UpstreamAuthenticationFacts {
  const { acr, amr, auth_time: authTime } = said;
  const methods = Array.isArray(amr) ? amr.filter((each) => typeof each === "string") : [];
  const mapped = methods.flatMap((method) => {
    const ours = find(provider.amrMapping, method);
    if (ours !== undefined) return [ours];
    return REGISTERED_AMR.has(method) ? [method] : [];
  });
  return {
    acr:
      (typeof acr === "string" ? find(provider.acrMapping, acr) : undefined) ??
      find(provider.acrMapping, "*") ??
      FEDERATED_ACR,
    amr: [...new Set(mapped)].slice(0, MAX_METHODS),
    authTimeSeconds:
      typeof authTime === "number" && Number.isFinite(authTime) && authTime > 0
        ? Math.min(Math.floor(authTime), nowSeconds)
        : undefined,
  };
}

/** What to ask a provider for, so that one of the classes that a client asks for comes back. */
export function findUpstreamAcrs(
  { acrMapping }: Pick<UpstreamProvider, "acrMapping">,
  asked: readonly string[],
): string[] {
  return Object.entries(acrMapping).flatMap(([theirs, ours]) =>
    theirs !== "*" && asked.includes(ours) ? [theirs] : [],
  );
}

function find(mapping: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(mapping, name) ? mapping[name] : undefined;
}
