import type Router from "@koa/router";
import type { AccessTokenFacts } from "../oidc/access-tokens.js";

export interface ProtectedResourceDeps {
  readonly findAccessToken: (
    token: string,
    audience: string,
  ) => Promise<AccessTokenFacts | undefined>;
  /** The RFC 8707 identifier of this API. */
  readonly identifier: string;
}

/** An API inside the server, to try tokens on; development mode only (RFC 6750). */
export function addProtectedResourceRoute(
  router: Router,
  { findAccessToken, identifier }: ProtectedResourceDeps,
): void {
  router.get("/protected-resource", async (ctx) => {
    const token = /^Bearer +([\w.~+/-]+=*)$/i.exec(ctx.get("Authorization"))?.[1];
    if (token === undefined) {
      // RFC 6750 §3.1: no error code when the request carries no authentication.
      ctx.status = 401;
      ctx.set("WWW-Authenticate", `Bearer realm="${identifier}"`);
      ctx.body = { error: "unauthorized", error_description: "send a bearer access token" };
      return;
    }
    const facts = await findAccessToken(token, identifier);
    if (facts === undefined) {
      const description = "the access token is unknown, expired, revoked or for another API";
      ctx.status = 401;
      ctx.set(
        "WWW-Authenticate",
        `Bearer realm="${identifier}", error="invalid_token", error_description="${description}"`,
      );
      ctx.body = { error: "invalid_token", error_description: description };
      return;
    }
    ctx.body = {
      message: "The access token is valid.",
      sub: facts.subject,
      client_id: facts.clientId,
      scope: facts.scopes.join(" "),
      format: facts.format,
      exp: facts.expiresAtSeconds,
    };
  });
}
