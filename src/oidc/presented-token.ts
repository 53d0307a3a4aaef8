import type { AccessToken, ClientCredentials, Provider } from "oidc-provider";
import type { TokenFacts } from "../tokens/revocations.js";
import type { FindLiveAccessToken } from "./find-live-access-token.js";
import { confirmationsOf } from "./exchange-possession.js";
import { createIdAtRest } from "./id-at-rest.js";
import type { ModelValues } from "./model-values.js";
import type { AreTokensAlive } from "./token-liveness.js";
import {
  jtiOfOpaque,
  type TokenAncestor,
  type TokenAncestors,
  type TokenReference,
} from "./token-ancestors.js";

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
  /** The keys that it is bound to, as `confirmationsOf` has them; none: a bearer token. */
  readonly boundTo: readonly string[];
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
  readonly findLiveAccessToken: FindLiveAccessToken;
}

export type FindPresentedToken = (token: string) => Promise<PresentedToken | undefined>;

/** @returns what finds a token that may be exchanged; never one that is expired, revoked or foreign. */
export function createFindPresentedToken(deps: PresentedTokenDeps): FindPresentedToken {
  const { provider, values, ancestors, areTokensAlive, findLiveAccessToken } = deps;
  const atRest = {
    AccessToken: createIdAtRest("AccessToken", values),
    ClientCredentials: createIdAtRest("ClientCredentials", values),
  };

  /** Opaque tokens have no dots, and a JWT has. */
  return (token) => (token.includes(".") ? findJwt(token) : findOpaque(token));

  async function findJwt(token: string): Promise<PresentedToken | undefined> {
    const live = await findLiveAccessToken(token);
    const lineage = live && ancestors.open(live.claims);
    if (live === undefined || lineage === undefined) return undefined;
    const { claims, facts } = live;
    return {
      format: "jwt",
      subject: String(claims["sub"]),
      accountId: facts.accountId,
      clientId: facts.clientId,
      audience: facts.audience,
      scopes: new Set(typeof claims["scope"] === "string" ? claims["scope"].split(" ") : []),
      expiresAtSeconds: facts.expiresAtSeconds,
      boundTo: confirmationsOf(Object(claims["cnf"])),
      act: claims["act"],
      mayAct: claims["may_act"],
      reference: toReference(facts),
      ancestors: lineage,
    };
  }

  async function findOpaque(token: string): Promise<PresentedToken | undefined> {
    const found =
      (await provider.AccessToken.find(token)) ?? (await provider.ClientCredentials.find(token));
    if (found === undefined) return undefined;
    const presented = describeOpaque(token, found);
    // It was just found where it is stored.
    const { stored: _stored, ...itself } = presented.reference;
    return (await areTokensAlive([itself, ...presented.ancestors])) ? presented : undefined;
  }

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
      boundTo: confirmationsOf({ jkt: token.jkt, "x5t#S256": token["x5t#S256"] }),
      act: extra["act"],
      mayAct: extra["may_act"],
      reference: {
        jti: jtiOfOpaque(value),
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

function toReference(facts: TokenFacts): TokenReference {
  const { jti, clientId, issuedAtSeconds, expiresAtSeconds } = facts;
  const { accountId, grantId, sessionUid } = facts;
  return {
    jti,
    clientId,
    issuedAtSeconds,
    expiresAtSeconds,
    ...(accountId === undefined ? {} : { accountId }),
    ...(grantId === undefined ? {} : { grantId }),
    ...(sessionUid === undefined ? {} : { sessionUid }),
  };
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
