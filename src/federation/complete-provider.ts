import { LatchkeyError } from "../lib/errors.js";
import { findPreset, UPSTREAM_PRESETS } from "./presets.js";
import { MAPPED_CLAIMS, type UpstreamProvider } from "./upstream-provider.js";

type OptionalFact = Exclude<keyof UpstreamProvider, "id" | "clientId" | "version" | "kind">;

type Named = Pick<UpstreamProvider, "id" | "clientId">;

/** What has to be said of a new provider; the rest is its preset's, or what most providers need. */
export type NewUpstreamProvider = Named & {
  readonly [Fact in OptionalFact]?: UpstreamProvider[Fact] | undefined;
};

type StatedFacts = Named & { readonly [Fact in OptionalFact]?: UpstreamProvider[Fact] };

/** As OpenID Connect Core §5.1 names them. */
const STANDARD_CLAIMS = Object.fromEntries(MAPPED_CLAIMS.map((claim) => [claim, claim]));

/** What most providers need, and nothing that lets anybody in who was not asked for. */
const DEFAULTS = {
  icon: undefined,
  preset: undefined,
  sealedClientSecret: undefined,
  scopes: ["openid", "email", "profile"],
  authorizationParameters: {},
  claims: STANDARD_CLAIMS,
  accounts: "create",
  allowedDomains: [],
  emailAuthoritativeFor: [],
  hintDomains: [],
  takesOverProfile: false,
  only: false,
  acrMapping: {},
  amrMapping: {},
  logout: { fromUpstream: true, toUpstream: false },
  disabled: false,
  managedBy: undefined,
} satisfies Partial<UpstreamProvider>;

/**
 * @throws LatchkeyError `unknown_preset`; `issuer_missing` when neither the provider nor its preset
 *   has one.
 */
export function completeProvider(given: NewUpstreamProvider): Omit<UpstreamProvider, "version"> {
  const preset = findPreset(given.preset);
  if (given.preset !== undefined && preset === undefined) throw unknownPreset(given.preset);
  const { oauth, ...presetFacts } = preset ?? {};
  const { issuer, displayName = given.id, ...facts } = { ...presetFacts, ...withoutGaps(given) };
  if (issuer === undefined) throw issuerMissing(given.id);
  const authentication =
    given.sealedClientSecret === undefined ? "private_key_jwt" : "client_secret_basic";
  const kind = oauth === undefined ? "openid" : "oauth";
  return { ...DEFAULTS, authentication, kind, issuer, displayName, ...facts };
}

/** What is undefined is not said. */
function withoutGaps(given: NewUpstreamProvider): StatedFacts {
  const { id, clientId, ...others } = given;
  const stated = Object.entries(others).filter(([, value]) => value !== undefined);
  return { id, clientId, ...Object.fromEntries(stated) };
}

function unknownPreset(name: string): LatchkeyError {
  const known = Object.keys(UPSTREAM_PRESETS).join(", ");
  const message = `There is no preset "${name}"; there are ${known}.`;
  return new LatchkeyError("unknown_preset", message, { status: 400 });
}

function issuerMissing(id: string): LatchkeyError {
  const message = `The provider "${id}" needs an issuer.`;
  return new LatchkeyError("issuer_missing", message, { status: 400 });
}
