import { errors, type ClaimsParameter, type TokenEndpointGrantContext } from "oidc-provider";
import { PASSWORD_ACR, satisfies } from "./authentication-context.js";
import { resolveRequestedResources, validateClientScope } from "./grant-steps.js";

/** What a client may ask for with a person's password: as at the authorization endpoint. */
export const REQUEST_PARAMETERS = ["scope", "resource", "nonce", "acr_values", "claims"] as const;

/** Always told: the application has no redirect by which to ask for them, and has taken part. */
const AUTHENTICATION_CLAIMS = { acr: null, amr: null, auth_time: null };

/**
 * Checks what is asked for and notes it in the context, as the authorization endpoint does.
 *
 * @throws the OAuth errors `invalid_scope`, `invalid_target`, `invalid_request`
 */
export async function checkDirectRequest(ctx: TokenEndpointGrantContext): Promise<void> {
  const { oidc } = ctx;
  const { params, client, provider } = oidc;
  const claims = parseClaims(params["claims"]);
  const idToken = { ...AUTHENTICATION_CLAIMS, ...claims.id_token };
  Object.assign(oidc, { claims: { ...claims, id_token: idToken } });
  if (params.scope !== undefined) {
    const scopes = validateClientScope(provider, ctx);
    if (!client.grantTypeAllowed("refresh_token")) scopes.delete("offline_access");
    params.scope = [...scopes].join(" ");
  }
  // The library puts the API that is meant when none is named into the parameters.
  const { resource } = params;
  await resolveRequestedResources(provider, ctx);
  params.resource = resource;
}

/** Whether the client asks for an authentication that a password alone is not (RFC 9470 §4). */
export function asksMoreThanPassword({ oidc }: TokenEndpointGrantContext): boolean {
  const { acr_values: acrValues } = oidc.params;
  const { value, values }: { value?: unknown; values?: unknown } =
    oidc.claims.id_token?.["acr"] ?? {};
  const asked = [
    ...(typeof acrValues === "string"
      ? acrValues.split(" ")
      : (oidc.client.defaultAcrValues ?? [])),
    ...(Array.isArray(values) ? values : []),
    ...(value === undefined ? [] : [value]),
  ];
  return asked.length > 0 && !asked.some((acr) => satisfies(PASSWORD_ACR, String(acr)));
}

/** OpenID Connect Core §5.5. */
function parseClaims(text: unknown): ClaimsParameter {
  if (typeof text !== "string") return {};
  let claims: unknown;
  try {
    claims = JSON.parse(text);
  } catch (cause) {
    throw new errors.InvalidRequest("claims must be JSON", 400, { cause });
  }
  if (!isObject(claims)) throw invalidClaims();
  for (const name of ["userinfo", "id_token"] as const) {
    if (claims[name] !== undefined && !isObject(claims[name])) throw invalidClaims();
  }
  return claims;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalidClaims(): Error {
  return new errors.InvalidRequest("claims must hold the objects userinfo or id_token");
}
