import type { Context } from "koa";
import type { ManagementScope } from "../clients/management-api.js";
import { LatchkeyError } from "../lib/errors.js";
import type { FindPresentedToken, PresentedToken } from "../oidc/presented-token.js";

export interface BearerCallerDeps {
  readonly findPresentedToken: FindPresentedToken;
  readonly issuer: string;
  /** `aud` of the tokens with which programs manage this server. */
  readonly managementApi: string;
}

/** Who presents an access token of ours (RFC 6750). A token that is bound to a key is no bearer token. */
export interface BearerCaller {
  /** Whether the request carries credentials at all. */
  isPresent(ctx: Context): boolean;
  /** @returns undefined for a token that is not alive, not ours or bound to a key. */
  find(ctx: Context): Promise<PresentedToken | undefined>;
  /** @throws LatchkeyError 401, or 403 when the token does not allow it (RFC 6750 §3.1). */
  requireManager(ctx: Context, scope: ManagementScope): Promise<PresentedToken>;
  isManager(token: PresentedToken): boolean;
  /** @returns an error with what the caller is to send instead. */
  refuse(ctx: Context, error?: "invalid_token" | "insufficient_scope", scope?: string): Error;
}

const BEARER = /^Bearer +([\w.~+/-]+=*)$/i;

export function createBearerCaller(deps: BearerCallerDeps): BearerCaller {
  const { findPresentedToken, issuer, managementApi } = deps;

  async function find(ctx: Context): Promise<PresentedToken | undefined> {
    const token = BEARER.exec(ctx.get("Authorization"))?.[1];
    const found = token === undefined ? undefined : await findPresentedToken(token);
    return found?.boundTo.length === 0 ? found : undefined;
  }

  const isManager = ({ audience }: PresentedToken) => audience === managementApi;

  const refuse: BearerCaller["refuse"] = (ctx, error, scope) => {
    const parameters = [
      `realm="${issuer}"`,
      // RFC 6750 §3.1: none when the request carries no credentials.
      ...(error === undefined ? [] : [`error="${error}"`]),
      ...(scope === undefined ? [] : [`scope="${scope}"`]),
    ];
    ctx.set("WWW-Authenticate", `Bearer ${parameters.join(", ")}`);
    if (error === "insufficient_scope") {
      return new LatchkeyError(error, "the access token does not allow this", { status: 403 });
    }
    const message = "send a valid bearer access token";
    return new LatchkeyError(error ?? "unauthorized", message, { status: 401 });
  };

  return {
    isPresent: (ctx) => ctx.get("Authorization") !== "",
    find,
    isManager,
    refuse,
    async requireManager(ctx, scope) {
      const token = await find(ctx);
      if (token === undefined) {
        throw refuse(ctx, ctx.get("Authorization") === "" ? undefined : "invalid_token");
      }
      if (!isManager(token) || !token.scopes.has(scope)) {
        throw refuse(ctx, "insufficient_scope", scope);
      }
      return token;
    },
  };
}
