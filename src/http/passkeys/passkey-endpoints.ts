import type { Middleware } from "koa";
import { PASSKEYS_PATH } from "../account/passkey-acts.js";

const WELL_KNOWN = "/.well-known/passkey-endpoints";

/** 1 hour: they change with the issuer or never. */
const CACHE_CONTROL = "public, max-age=3600";

export interface PasskeyEndpointsDeps {
  readonly arePasskeysOn: () => Promise<boolean>;
  readonly issuer: string;
  readonly basePath: string;
}

/**
 * Where people add and look after passkeys, for their managers (W3C "A Well-Known URL for Relying
 * Party Passkey Endpoints"). At the root of the host, where they look for it, and below the path of
 * an issuer that has one.
 */
export function createPasskeyEndpoints(deps: PasskeyEndpointsDeps): Middleware {
  const { arePasskeysOn, issuer, basePath } = deps;
  return async (ctx, next) => {
    const isMeant = ctx.path === WELL_KNOWN || ctx.path === basePath + WELL_KNOWN;
    const isRead = ctx.method === "GET" || ctx.method === "HEAD";
    if (!isMeant || !isRead || !(await arePasskeysOn())) return next();
    ctx.set("Cache-Control", CACHE_CONTROL);
    ctx.set("Access-Control-Allow-Origin", "*");
    ctx.body = {
      enroll: `${issuer}${PASSKEYS_PATH}/new`,
      manage: `${issuer}${PASSKEYS_PATH}`,
    };
    return undefined;
  };
}
