import { findPreset, UPSTREAM_PRESETS } from "./presets.js";
import { MAPPED_CLAIMS, type UpstreamProvider } from "./upstream-provider.js";

/** What is wrong with one fact of a provider, in words that follow the fact's name. */
export interface ProviderProblem {
  readonly fact: keyof UpstreamProvider;
  readonly problem: string;
}

const ID = /^[a-z][a-z0-9-]{0,39}$/;
/** RFC 6749 §3.3. */
const SCOPE_TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]+$/;
const DOMAIN =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/;
const ICON_NAME = /^[a-z][a-z0-9-]{0,39}$/;
/** 16 KB: it is part of every login page. */
const ICON_DATA = /^data:image\/(?:png|svg\+xml|webp|jpeg);base64,[A-Za-z0-9+/=]{1,16384}$/;
const PATH = /^[A-Za-z0-9_@$-]+(?:\.[A-Za-z0-9_@$-]+)*$/;
const MAX_TEXT_CHARACTERS = 200;
/** What this server says in every authorization request itself. */
const OWN_PARAMETERS = new Set(
  [
    "client_id redirect_uri response_type scope state nonce max_age claims",
    "code_challenge code_challenge_method request request_uri",
    "client_secret client_assertion client_assertion_type",
  ].flatMap((names) => names.split(" ")),
);

type Facts = Omit<UpstreamProvider, "version">;

/** Everything that is wrong with a provider; what the types say is taken for granted. */
export function findProviderProblems(provider: Facts): ProviderProblem[] {
  const found = (fact: keyof Facts, problems: readonly (string | undefined)[]) =>
    problems.flatMap((problem) => (problem === undefined ? [] : [{ fact, problem }]));
  return [
    ...found("id", [
      ID.test(provider.id)
        ? undefined
        : "must be 1 to 40 of a-z, 0-9 and -, and begin with a letter",
    ]),
    ...found("displayName", [findTextProblem(provider.displayName)]),
    ...found("icon", [findIconProblem(provider.icon)]),
    ...found("issuer", [findIssuerProblem(provider.issuer)]),
    ...found("preset", [findPresetProblem(provider)]),
    ...found("clientId", [findTextProblem(provider.clientId)]),
    ...found("authentication", [findAuthenticationProblem(provider)]),
    ...found("scopes", [
      ...provider.scopes.map((scope) =>
        SCOPE_TOKEN.test(scope) ? undefined : `must be scope values, which "${scope}" is not`,
      ),
      provider.kind === "openid" && !provider.scopes.includes("openid")
        ? "must contain openid"
        : undefined,
    ]),
    ...found(
      "authorizationParameters",
      Object.keys(provider.authorizationParameters).map((name) =>
        OWN_PARAMETERS.has(name) ? `must not contain ${name}, which the server sets` : undefined,
      ),
    ),
    ...found("claims", Object.entries(provider.claims).map(findClaimProblem)),
    ...found("allowedDomains", provider.allowedDomains.map(findDomainProblem)),
    ...found(
      "emailAuthoritativeFor",
      provider.emailAuthoritativeFor.filter((domain) => domain !== "*").map(findDomainProblem),
    ),
    ...found("hintDomains", provider.hintDomains.map(findDomainProblem)),
    ...found("acrMapping", Object.values(provider.acrMapping).map(findTextProblem)),
    ...found("amrMapping", Object.values(provider.amrMapping).map(findTextProblem)),
  ];
}

function findTextProblem(text: string): string | undefined {
  if (text.trim() === "") return "must not be empty";
  return text.length > MAX_TEXT_CHARACTERS || /\p{Cc}/u.test(text)
    ? `must be ${MAX_TEXT_CHARACTERS} characters at most, none of them a control character`
    : undefined;
}

/** Pictures of other hosts would tell them who is about to sign in. */
function findIconProblem(icon: string | undefined): string | undefined {
  return icon === undefined || ICON_NAME.test(icon) || ICON_DATA.test(icon)
    ? undefined
    : "must be the name of a built-in icon or a data: URI of a PNG, SVG, WebP or JPEG of 12 KB at most";
}

/** Secrets and codes go there: without TLS only on this machine. */
function findIssuerProblem(issuer: string): string | undefined {
  const url = URL.parse(issuer);
  if (url === null) return "must be an address such as https://login.example.com";
  if (url.search !== "" || url.hash !== "" || url.username !== "" || issuer.endsWith("?")) {
    return "must have no query, fragment or user (OpenID Connect Discovery §3)";
  }
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname))
    ? undefined
    : "must begin with https:// (http:// only on localhost)";
}

export function isLoopback(hostname: string): boolean {
  return ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}

function findPresetProblem({ preset, kind }: Facts): string | undefined {
  if (preset === undefined) return kind === "oauth" ? "is needed for OAuth providers" : undefined;
  return findPreset(preset) === undefined
    ? `must be one of ${Object.keys(UPSTREAM_PRESETS).join(", ")}`
    : undefined;
}

function findAuthenticationProblem(provider: Facts): string | undefined {
  const needsSecret = provider.authentication.startsWith("client_secret");
  if (needsSecret && provider.sealedClientSecret === undefined) return "needs a client secret";
  return provider.authentication === "private_key_jwt" && provider.kind === "oauth"
    ? "must be one with a client secret, as the provider takes no other"
    : undefined;
}

function findClaimProblem([claim, source]: [string, unknown]): string | undefined {
  if (!MAPPED_CLAIMS.some((known) => known === claim)) {
    return `must be for ${MAPPED_CLAIMS.join(", ")}, which "${claim}" is not`;
  }
  return typeof source !== "string" || PATH.test(source)
    ? undefined
    : `must name a claim of the provider, such as email or address.country, which "${source}" is not`;
}

function findDomainProblem(domain: string): string | undefined {
  return DOMAIN.test(domain)
    ? undefined
    : `must be domains in lower case, such as example.com, which "${domain}" is not`;
}
