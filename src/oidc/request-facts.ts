import type { KoaContextWithOIDC } from "oidc-provider";

export interface RequestFacts {
  readonly requestId?: string;
  readonly ip?: string;
  readonly clientId?: string | undefined;
  readonly accountId?: string | undefined;
  readonly route?: string | undefined;
}

/** Who asks what from where, for audit lines; empty outside a request. */
export function requestFacts(ctx: KoaContextWithOIDC | undefined): RequestFacts {
  if (ctx === undefined) return {};
  const { client, account, route } = ctx.oidc ?? {};
  return {
    requestId: String(ctx.state["requestId"]),
    ip: ctx.ip,
    clientId: client?.clientId,
    accountId: account?.accountId,
    route,
  };
}
