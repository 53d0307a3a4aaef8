import type { AccessTokenError, AccessTokenErrorCode } from "./access-token-error.js";
import type { Requirements } from "./requirements.js";

/** An HTTP answer to a request that is refused. */
export interface RefusalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: { readonly error: string; readonly error_description: string };
}

export interface ChallengeSettings {
  readonly realm: string;
  readonly resourceMetadataUrl: string | undefined;
}

type Parameters = Readonly<Record<string, string | undefined>>;

/** 5 s: the verifier asks no sooner itself. */
const RETRY_AFTER_SECONDS = "5";

/** Answers with `WWW-Authenticate` (RFC 6750 §3, RFC 9470 §3, RFC 9728 §5.1). */
export function createRefusal(settings: ChallengeSettings) {
  return (error: AccessTokenError, requirements: Requirements = {}): RefusalAnswer => {
    const { code, message, status } = error;
    return {
      status,
      headers: {
        "Cache-Control": "no-store",
        ...(code === "temporarily_unavailable"
          ? { "Retry-After": RETRY_AFTER_SECONDS }
          : { "WWW-Authenticate": [bearerChallenge(settings, { error, requirements })] }),
      },
      body: {
        error: code === "token_required" ? "unauthorized" : code,
        error_description: message,
      },
    };
  };
}

function bearerChallenge(
  { realm, resourceMetadataUrl }: ChallengeSettings,
  { error, requirements }: { error: AccessTokenError; requirements: Requirements },
): string {
  return formatChallenge("Bearer", {
    realm,
    ...describe(error),
    ...requirementsOf(error.code, requirements),
    resource_metadata: resourceMetadataUrl,
  });
}

/** RFC 6750 §3.1: no error code when the request carried no token. */
function describe({ code, message }: AccessTokenError): Parameters {
  return code === "token_required" ? {} : { error: code, error_description: message };
}

function requirementsOf(code: AccessTokenErrorCode, requirements: Requirements): Parameters {
  const { scopes = [], acrValues = [], maxAgeSeconds } = requirements;
  const scope = scopes.length === 0 ? undefined : scopes.join(" ");
  if (code !== "insufficient_user_authentication") return { scope };
  return {
    scope,
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
