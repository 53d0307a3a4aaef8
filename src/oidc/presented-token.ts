import { hash } from "node:crypto";
import type { AccessToken, ClientCredentials, Provider } from "oidc-provider";
import { createIdAtRest } from "./id-at-rest.js";
import type { ModelValues } from "./model-values.js";
import type { AreTokensAlive } from "./token-liveness.js";
import type { TokenAncestor, TokenAncestors, TokenReference } from "./token-ancestors.js";

/** An access token of this server, opaque or JWT, that is alive now. */
export interface PresentedToken {
  readonly format: "jwt" | "opaque";
  /** The person or, of a token that a client got for itself, the client. */
  readonly subject: string;
  readonly accountId: string | undefined;
  readonly clientId: string;
  /** The API that it is for; undefined: this server's userinfo endpoint. */
  readonly audience: string | undefined;
  readonly scopes: ReadonlySet<string>;
  readonly expiresAtSeconds: number;
  /** The thumbprint of the key that it is bound to (RFC 9449 §6.1); undefined: a bearer token. */
  readonly jkt: string | undefined;
  /** Who acts for the subject already (RFC 8693 §4.1), and who may (§4.4); as they are. */
  readonly act: unknown;
  readonly mayAct: unknown;
  readonly reference: TokenReference;
  readonly ancestors: readonly TokenAncestor[];
}

export interface PresentedTokenDeps {
  readonly provider: Provider;
  readonly values: ModelValues;
  readonly ancestors: TokenAncestors;
  readonly areTokensAlive: AreTokensAlive;
}

export type FindPresentedToken = (token: string) => Promise<PresentedToken | undefined>;

/** @returns what finds a token that may be exchanged; never one that is expired, revoked or foreign. */
export function createFindPresentedToken(deps: PresentedTokenDeps): FindPresentedToken {
  const { provider, values, ancestors, areTokensAlive } = deps;
  const atRest = {
    AccessToken: createIdAtRest("AccessToken", values),
    ClientCredentials: createIdAtRest("ClientCredentials", values),
  };

  return async (token) => {
    const found =
      (await provider.AccessToken.find(token)) ?? (await provider.ClientCredentials.find(token));
    if (found === undefined) return undefined;
    const presented = describeOpaque(token, found);
    // It was just found where it is stored.
    const { stored: _stored, ...itself } = presented.reference;
    return (await areTokensAlive([itself, ...presented.ancestors])) ? presented : undefined;
  };

  function describeOpaque(value: string, token: AccessToken | ClientCredentials): PresentedToken {
    const { kind, clientId = "", extra = {} } = token;
    const expiresAtSeconds = token.exp ?? 0;
    const references = token.kind === "AccessToken" ? referencesOf(token) : {};
    const lineage = ancestors.of(token);
    return {
      format: "opaque",
      subject: token.kind === "AccessToken" ? token.accountId : clientId,
      accountId: references.accountId ?? lineage.find(({ role }) => role === "subject")?.accountId,
      clientId,
      audience: [token.aud].flat()[0],
      scopes: token.scopes,
      expiresAtSeconds,
      jkt: token.jkt,
      act: extra["act"],
      mayAct: extra["may_act"],
      reference: {
        jti: hash("sha256", value, "base64url"),
        stored: { model: kind, id: atRest[kind](value) },
        clientId,
        issuedAtSeconds: token.iat,
        expiresAtSeconds,
        ...references,
      },
      ancestors: lineage,
    };
  }
}

/** A token that was exchanged has no grant: it refers to its ancestors, and those have one. */
function referencesOf(
  token: AccessToken,
): Pick<TokenReference, "accountId" | "grantId" | "sessionUid"> {
  const grantId: string | undefined = token.grantId;
  if (grantId === undefined) return {};
  return {
    accountId: token.accountId,
    grantId,
    ...(token.expiresWithSession === true && token.sessionUid !== undefined
      ? { sessionUid: token.sessionUid }
      : {}),
  };
}
