import type { KoaContextWithOIDC } from "oidc-provider";

export interface RequestFacts {
  readonly requestId?: string;
  readonly ip?: string;
  readonly clientId?: string;
  readonly accountId?: string;
  readonly route?: string;
}

/** Who asks what from where, for audit lines; empty outside a request. */
export function requestFacts(ctx: KoaContextWithOIDC | undefined): RequestFacts {
  if (ctx === undefined) return {};
  const { client, account, route } = ctx.oidc ?? {};
  return {
    requestId: String(ctx.state["requestId"]),
    ip: ctx.ip,
    ...(client === undefined ? {} : { clientId: client.clientId }),
    ...(account === undefined ? {} : { accountId: account.accountId }),
    ...(route === undefined ? {} : { route }),
  };
}
