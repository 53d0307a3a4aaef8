import { errors, type Client, type KoaContextWithOIDC } from "oidc-provider";
import type { IsShownTo } from "./client-policies.js";
import type { FindLiveAccessToken, LiveAccessToken } from "./find-live-access-token.js";
import { REFERENCE_CLAIMS } from "./token-references.js";

/** RFC 9701 §4. */
const JWT_TYPE = "application/token-introspection+jwt";

export interface JwtIntrospectionDeps {
  readonly findLiveAccessToken: FindLiveAccessToken;
  readonly isShownTo: IsShownTo;
}

/**
 * Introspection of an access token that is a JWT (RFC 7662 §2.2), in the form of an answer that the
 * client has asked for and registered (RFC 9701 §4, §5).
 */
export function createIntrospectJwt({ findLiveAccessToken, isShownTo }: JwtIntrospectionDeps) {
  return async (ctx: KoaContextWithOIDC, client: Client, token: string): Promise<void> => {
    const { introspectionEncryptedResponseAlg, introspectionSignedResponseAlg } = client;
    const isJwtAccepted = ctx.accepts("json", JWT_TYPE) === JWT_TYPE;
    if (introspectionEncryptedResponseAlg !== undefined && !isJwtAccepted) {
      const message = `introspection must be requested with Accept: ${JWT_TYPE} for this client`;
      throw new errors.InvalidRequest(message);
    }
    const found = await findLiveAccessToken(token);
    const isShown = found !== undefined && (await isShownTo(client, found.facts));
    const answer = isShown ? describe(found) : { active: false };
    ctx.status = 200;
    const isJwtRegistered =
      introspectionEncryptedResponseAlg !== undefined ||
      introspectionSignedResponseAlg !== undefined;
    if (isJwtAccepted && isJwtRegistered) await answerAsJwt(ctx, answer);
    else ctx.body = answer;
  };
}

/** All that the token says to an API, and how it is to be presented. */
function describe({ claims }: LiveAccessToken): Record<string, unknown> {
  const told = Object.entries(claims).filter(([name]) => !REFERENCE_CLAIMS.has(name));
  return { ...Object.fromEntries(told), active: true, token_type: tokenTypeOf(claims["cnf"]) };
}

/** RFC 9449 §6.2; a token that is bound to a certificate is presented as a bearer token. */
function tokenTypeOf(confirmation: unknown): "Bearer" | "DPoP" {
  const isBoundToKey =
    typeof confirmation === "object" && confirmation !== null && "jkt" in confirmation;
  return isBoundToKey ? "DPoP" : "Bearer";
}

/** Signed, and encrypted when the client registered that, as the library does for opaque tokens. */
async function answerAsJwt(
  ctx: KoaContextWithOIDC,
  answer: Record<string, unknown>,
): Promise<void> {
  const jwt = new ctx.oidc.provider.IdToken({}, { ctx });
  jwt.set("token_introspection", answer);
  // Its type names the uses that it knows, and this is none of them.
  const issue: unknown = Reflect.get(jwt, "issue");
  if (typeof issue !== "function") throw new TypeError("the library's tokens cannot be issued");
  const body: unknown = await Reflect.apply(issue, jwt, [{ use: "introspection" }]);
  ctx.body = body;
  ctx.type = `${JWT_TYPE}; charset=utf-8`;
}
