import type { TokenEndpointGrantContext } from "oidc-provider";
import type { Account } from "../accounts/account.js";
import { PASSWORD_ACR } from "./authentication-context.js";
import { addRequested } from "./grants.js";

/** Stands where the library wants a redirect URI; with its white space no client can register it. */
export const NO_REDIRECT_URI = "none: no browser took part";

export interface CodeTerms {
  readonly account: Account;
  readonly amr: readonly string[];
  readonly signedInAtSeconds: number;
  readonly codeChallenge?: string | undefined;
  /** The code is redeemed with a DPoP proof of this key only (RFC 9449 §10). */
  readonly dpopJkt?: string | undefined;
}

/** @returns the code; it is in the store. */
export type IssueCode = (ctx: TokenEndpointGrantContext, terms: CodeTerms) => Promise<string>;

export interface IssueCodeDeps {
  readonly sessionAbsoluteSeconds: number;
}

/**
 * Makes what a sign-in at the pages makes: a session of the account, a grant of it for the client
 * and a code for the grant. No browser gets the session's cookie; the session is there so that the
 * sign-in is listed and ended as any other. It ends at the absolute limit: there is no browser whose
 * visits could tell whether it is used.
 */
export function createIssueCode({ sessionAbsoluteSeconds }: IssueCodeDeps): IssueCode {
  return async (ctx, terms) => {
    const { client, provider, params, claims, resourceServers } = ctx.oidc;
    const { account, amr, signedInAtSeconds: authTime, codeChallenge, dpopJkt } = terms;
    const { clientId } = client;

    const grant = new provider.Grant({ accountId: account.id, clientId });
    addRequested(grant, ctx);
    const grantId = await grant.save();

    const session = new provider.Session();
    session.loginAccount({
      accountId: account.id,
      acr: PASSWORD_ACR,
      amr: [...amr],
      loginTs: authTime,
    });
    session.ensureClientContainer(clientId);
    session.grantIdFor(clientId, grantId);

    const resources = Object.keys(resourceServers);
    const outlivesSession = ctx.oidc.requestParamScopes.has("offline_access");
    if (outlivesSession) session.authorizationFor(clientId).persistsLogout = true;
    const code = await new provider.AuthorizationCode({
      accountId: account.id,
      client,
      grantId,
      gty: "authorization_code",
      redirectUri: NO_REDIRECT_URI,
      acr: PASSWORD_ACR,
      amr: [...amr],
      authTime,
      claims,
      nonce: typeof params["nonce"] === "string" ? params["nonce"] : undefined,
      scope: params.scope ?? "",
      resource: resources.length > 1 ? resources : resources[0],
      sessionUid: session.uid,
      sid: client.includeSid() ? session.sidFor(clientId) : undefined,
      expiresWithSession: outlivesSession ? undefined : true,
      codeChallenge,
      codeChallengeMethod: codeChallenge === undefined ? undefined : "S256",
      dpopJkt,
    }).save();
    // Both are written in one step.
    await session.save(sessionAbsoluteSeconds);
    return code;
  };
}
