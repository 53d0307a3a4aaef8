import { IncomingMessage } from "node:http";
import type { Context, Middleware } from "koa";
import { LatchkeyError } from "../lib/errors.js";
import { noteCalledUrl } from "../oidc/called-url.js";
import type { DirectSignIn } from "../oidc/direct-sign-in.js";
import {
  AUTHORIZATION_CHALLENGE,
  FIRST_PARTY_GRANTS,
  FIRST_PARTY_LOGIN,
} from "../oidc/grant-types.js";
import { GRANT_ROUTES, ROUTES } from "../oidc/routes.js";
import { readParameters } from "./read-parameters.js";

/** Addresses for one grant of the token endpoint each. */
const GRANT_TYPE_OF: ReadonlyMap<string, string> = new Map([
  [GRANT_ROUTES.refresh, "refresh_token"],
  [GRANT_ROUTES.login, FIRST_PARTY_LOGIN],
  [GRANT_ROUTES.authorizationChallenge, AUTHORIZATION_CHALLENGE],
]);

export interface TokenRoutesDeps {
  readonly issuer: string;
  readonly directSignIn: Pick<DirectSignIn, "isOffered">;
}

/**
 * Hands requests for these addresses to the library's token endpoint, so that client authentication,
 * DPoP, rotation and everything else are the same there. Parameters may come in a form or as JSON,
 * and `grant_type` may be left out. Those of direct sign-in are there when a client may use them.
 */
export function createTokenRoutes({ issuer, directSignIn }: TokenRoutesDeps): Middleware {
  const { origin, pathname } = new URL(issuer);
  const basePath = pathname.replace(/\/$/, "");

  return async (ctx, next) => {
    const grantType = GRANT_TYPE_OF.get(ctx.path.slice(basePath.length));
    if (grantType === undefined || !ctx.path.startsWith(basePath)) return next();
    if (FIRST_PARTY_GRANTS.has(grantType) && !(await directSignIn.isOffered())) return next();

    const form = ctx.method === "POST" ? await readForm(ctx, grantType) : undefined;
    const called = ctx.req;
    noteCalledUrl(ctx, origin + ctx.path);
    replaceRequest(ctx, tokenRequest(called, basePath + ROUTES.token, form));
    try {
      return await next();
    } finally {
      replaceRequest(ctx, called);
    }
  };
}

async function readForm(ctx: Context, grantType: string): Promise<string> {
  try {
    const parameters = await readParameters(ctx);
    if (parameters.getAll("grant_type").some((given) => given !== grantType)) {
      const message = `grant_type must be ${grantType} here, or left out`;
      throw new LatchkeyError("invalid_request", message, { status: 400 });
    }
    parameters.set("grant_type", grantType);
    return parameters.toString();
  } catch (err) {
    // As at the token endpoint, any page may read why its body was not understood.
    ctx.vary("Origin");
    ctx.set("Access-Control-Allow-Origin", ctx.get("Origin") || "*");
    throw err;
  }
}

/** The same request, at another path and with another body. */
function tokenRequest(
  called: IncomingMessage,
  path: string,
  form: string | undefined,
): IncomingMessage {
  const request = new IncomingMessage(called.socket);
  request.method = called.method ?? "";
  request.httpVersion = called.httpVersion;
  request.url = path;
  // Otherwise its end counts as an abort, which closes the connection.
  request.complete = true;
  const { "transfer-encoding": _chunked, ...headers } = called.headers;
  request.headers =
    form === undefined
      ? headers
      : {
          ...headers,
          "content-type": "application/x-www-form-urlencoded",
          "content-length": String(Buffer.byteLength(form)),
        };
  if (form !== undefined) request.push(form);
  request.push(null);
  return request;
}

function replaceRequest(ctx: Context, request: IncomingMessage): void {
  ctx.req = request;
  ctx.request.req = request;
  ctx.response.req = request;
}
