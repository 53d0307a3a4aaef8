import type { AccessTokenError } from "./access-token-error.js";
import type { Requirements } from "./requirements.js";
import type { DpopSettings } from "./sender-constraint.js";

/** An HTTP answer to a request that is refused. */
export interface RefusalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: { readonly error: string; readonly error_description: string };
}

export interface ChallengeSettings {
  readonly realm: string;
  readonly resourceMetadataUrl: string | undefined;
  readonly dpop: DpopSettings | undefined;
}

type Parameters = Readonly<Record<string, string | undefined>>;

/** 5 s: the verifier asks no sooner itself. */
const RETRY_AFTER_SECONDS = "5";

/** Answers with `WWW-Authenticate` (RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3, RFC 9728 §5.1). */
export function createRefusal(settings: ChallengeSettings) {
  return (error: AccessTokenError, requirements: Requirements = {}): RefusalAnswer => ({
    status: error.status,
    headers: {
      "Cache-Control": "no-store",
      ...(error.code === "temporarily_unavailable"
        ? { "Retry-After": RETRY_AFTER_SECONDS }
        : { "WWW-Authenticate": challenges(settings, { error, requirements }) }),
      ...nonceHeader(settings, error),
    },
    body: {
      error: error.code === "token_required" ? "unauthorized" : error.code,
      error_description: error.message,
    },
  });
}

/** RFC 9449 §9: what to put into the next proof. */
function nonceHeader({ dpop }: ChallengeSettings, { code, scheme }: AccessTokenError) {
  const { nonces } = dpop ?? {};
  if (nonces === undefined || scheme !== "DPoP" || code === "temporarily_unavailable") return {};
  return { "DPoP-Nonce": nonces.current() };
}

interface Refused {
  readonly error: AccessTokenError;
  readonly requirements: Requirements;
}

/** Of the scheme that was used; of both when none was, or the wrong one for this token. */
function challenges(settings: ChallengeSettings, { error, requirements }: Refused): string[] {
  const { realm, resourceMetadataUrl: metadata, dpop } = settings;
  const shared = { scope: scopeOf(requirements), resource_metadata: metadata };
  const forBoth = error.code === "token_required" || error.problem === "binding";
  const schemes = [
    { scheme: "Bearer", parameters: {} },
    ...(dpop === undefined
      ? []
      : [{ scheme: "DPoP", parameters: { algs: dpop.algorithms.join(" ") } }]),
  ];
  return schemes
    .filter(({ scheme }) => forBoth || scheme === error.scheme)
    .map(({ scheme, parameters }) => {
      const told = scheme === error.scheme ? describe(error, requirements) : {};
      return formatChallenge(scheme, { realm, ...told, ...shared, ...parameters });
    });
}

function scopeOf({ scopes = [] }: Requirements): string | undefined {
  return scopes.length === 0 ? undefined : scopes.join(" ");
}

/** RFC 6750 §3.1: no error code when the request carried no token. */
function describe({ code, message }: AccessTokenError, requirements: Requirements): Parameters {
  if (code === "token_required") return {};
  const told = { error: code, error_description: message };
  if (code !== "insufficient_user_authentication") return told;
  const { acrValues = [], maxAgeSeconds } = requirements;
  return {
    ...told,
    acr_values: acrValues.length === 0 ? undefined : acrValues.join(" "),
    max_age: maxAgeSeconds === undefined ? undefined : String(maxAgeSeconds),
  };
}

/** `Scheme name="value", …`; what is undefined is left out. */
function formatChallenge(scheme: string, parameters: Parameters): string {
  const list = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}="${value}"`],
  );
  return `${scheme} ${list.join(", ")}`;
}
