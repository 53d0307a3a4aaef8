/**
 * Sign-in with a password in a form of the application itself, for clients that an administrator
 * trusts with it (`ClientPolicy.directSignIn`). Both ways run through the token endpoint, so that
 * client authentication, DPoP, CORS and the commit of what is written are the library's there, too.
 */
import { errors, type Provider, type TokenEndpointGrantContext } from "oidc-provider";
import type { SignIn } from "../accounts/sign-in.js";
import type { Audit } from "../lib/audit.js";
import type { FindDemand } from "./authentication-demand.js";
import type { AuthSessions } from "./auth-session.js";
import { registerAuthorizationChallenge } from "./authorization-challenge.js";
import type { CommittingProvider, GrantHandler } from "./committing-provider.js";
import { NO_REDIRECT_URI, type IssueCode } from "./direct-code.js";
import { createVerifyPerson } from "./direct-password.js";
import type { DirectSignIn } from "./direct-sign-in.js";
import type { FinishAnswer } from "./finish-answers.js";
import { registerFirstPartyLogin } from "./first-party-login.js";
import { AUTHORIZATION_CHALLENGE, FIRST_PARTY_GRANTS } from "./grant-types.js";
import type { FindFactors } from "./next-step.js";
import type { PushRequest } from "./restart-request.js";

export interface FirstPartyDeps {
  readonly provider: CommittingProvider;
  readonly directSignIn: DirectSignIn;
  readonly signIn: SignIn;
  readonly findDemand: FindDemand;
  readonly findFactors: FindFactors;
  readonly issueCode: IssueCode;
  readonly authSessions: AuthSessions;
  readonly pushRequest: PushRequest;
  readonly audit: Audit;
}

export function registerFirstPartyGrants(deps: FirstPartyDeps): void {
  const { provider, directSignIn } = deps;
  const verifyPerson = createVerifyPerson(deps);
  const assertAllowed = async (ctx: TokenEndpointGrantContext) => {
    if (await directSignIn.isAllowed(ctx.oidc.client.clientId)) return;
    if (!(await directSignIn.isOffered())) throw new errors.UnsupportedGrantType();
    throw new errors.UnauthorizedClient("this client may not take people's passwords");
  };
  const { redeemCode } = provider;
  registerFirstPartyLogin({ ...deps, verifyPerson, assertAllowed, redeemCode });
  registerAuthorizationChallenge({ ...deps, verifyPerson, assertAllowed });
  redeemWithoutRedirectUri(provider, redeemCode, directSignIn);
}

/**
 * The code of an authorization challenge was sent to no redirect URI, so none is named when it is
 * redeemed (draft-ietf-oauth-first-party-apps-04 §6); the library demands one of every code.
 */
function redeemWithoutRedirectUri(
  provider: Provider,
  redeemCode: GrantHandler,
  directSignIn: DirectSignIn,
): void {
  provider.registerGrantType(
    "authorization_code",
    async (ctx) => {
      const { params, client } = ctx.oidc;
      if (params["redirect_uri"] === undefined && (await directSignIn.isAllowed(client.clientId))) {
        const code = await provider.AuthorizationCode.find(String(params["code"]));
        const { redirectUri } = code ?? {};
        if (redirectUri === NO_REDIRECT_URI) Object.assign(params, { redirect_uri: redirectUri });
      }
      await redeemCode(ctx);
    },
    ["code", "code_verifier", "redirect_uri", "resource"],
    ["resource"],
  );
}

/**
 * Says of direct sign-in what there is: nothing without a client that may use it. The endpoint is
 * that of draft-ietf-oauth-first-party-apps-04 §8.
 */
export function createFirstPartyMetadata(directSignIn: DirectSignIn, url: string): FinishAnswer {
  return async (ctx) => {
    if (ctx.oidc?.route !== "discovery" || ctx.status !== 200) return;
    // Not known: an outage right after the start, in which nobody signs in either.
    const isOffered = await directSignIn.wasOffered().catch(() => false);
    const hidden = isOffered ? new Set<unknown>([AUTHORIZATION_CHALLENGE]) : FIRST_PARTY_GRANTS;
    const metadata: object = Object(ctx.body);
    const grantTypes: unknown = Reflect.get(metadata, "grant_types_supported");
    if (!Array.isArray(grantTypes)) return;
    ctx.body = {
      ...metadata,
      grant_types_supported: grantTypes.filter((type: unknown) => !hidden.has(type)),
      ...(isOffered ? { authorization_challenge_endpoint: url } : {}),
    };
  };
}
