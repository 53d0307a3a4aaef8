import { errors, type TokenEndpointGrantContext } from "oidc-provider";
import type { AuthSession, AuthSessions } from "./auth-session.js";
import { wasCalledAt } from "./called-url.js";
import type { CommittingProvider } from "./committing-provider.js";
import type { IssueCode } from "./direct-code.js";
import type { VerifyPerson } from "./direct-password.js";
import { asksMoreThanPassword, checkDirectRequest, REQUEST_PARAMETERS } from "./direct-request.js";
import {
  addToAnswer,
  InsufficientAuthorization,
  InvalidAuthSession,
  RedirectToWeb,
  SecondStepNeeded,
} from "./first-party-errors.js";
import { checkDpopReplay, checkDpopRequired, validateDpop } from "./grant-steps.js";
import { AUTHORIZATION_CHALLENGE } from "./grant-types.js";
import { PUSHED_REQUEST_SECONDS, type PushRequest } from "./restart-request.js";
import { GRANT_ROUTES } from "./routes.js";

export interface AuthorizationChallengeDeps {
  readonly provider: CommittingProvider;
  readonly assertAllowed: (ctx: TokenEndpointGrantContext) => Promise<void>;
  readonly verifyPerson: VerifyPerson;
  readonly issueCode: IssueCode;
  readonly authSessions: AuthSessions;
  readonly pushRequest: PushRequest;
}

/** What a later request may leave out, since `auth_session` remembers it. */
const REMEMBERED_PARAMETERS = [
  ...REQUEST_PARAMETERS,
  "response_type",
  "redirect_uri",
  "state",
  "max_age",
  "code_challenge",
  "code_challenge_method",
  "dpop_jkt",
  "username",
] as const;

/** RFC 7636 §4.2: the SHA-256 of the verifier in base64url. */
const S256_CHALLENGE = /^[A-Za-z0-9_-]{43}$/;

/** The authorization challenge endpoint of draft-ietf-oauth-first-party-apps-04 §5. */
export function registerAuthorizationChallenge(deps: AuthorizationChallengeDeps): void {
  const { provider, assertAllowed, verifyPerson, issueCode, authSessions } = deps;

  async function answer(ctx: TokenEndpointGrantContext): Promise<void> {
    if (!wasCalledAt(ctx, GRANT_ROUTES.authorizationChallenge)) {
      throw new errors.UnsupportedGrantType();
    }
    await assertAllowed(ctx);
    const { params, client } = ctx.oidc;
    const proofKey = await findProofKey(ctx, resume(ctx));
    const codeChallenge = requireCodeChallenge(params);
    await checkDirectRequest(ctx);
    if (asksMoreThanPassword(ctx)) await sendToWeb(ctx);

    const session = { params: requestOf(params), jkt: proofKey };
    addToAnswer(ctx, { auth_session: authSessions.seal(client.clientId, session) });
    const { username: identifier, password, dpop_jkt: namedKey } = params;
    if (typeof identifier !== "string" || typeof password !== "string") {
      addToAnswer(ctx, { password_required: true });
      throw new InsufficientAuthorization("username and password are required");
    }
    const person = await verifyPerson(ctx, { identifier, password }).catch((err: unknown) => {
      if (err instanceof SecondStepNeeded) return sendToWeb(ctx);
      throw err;
    });
    const dpopJkt = proofKey ?? (typeof namedKey === "string" ? namedKey : undefined);
    ctx.body = { authorization_code: await issueCode(ctx, { ...person, codeChallenge, dpopJkt }) };
  }

  /** Takes over what earlier requests said, save what this one says anew. */
  function resume({ oidc }: TokenEndpointGrantContext): AuthSession | undefined {
    const { params, client } = oidc;
    const sealed = params["auth_session"];
    if (typeof sealed !== "string") return undefined;
    const session = authSessions.open(client.clientId, sealed);
    if (session === undefined) throw new InvalidAuthSession();
    for (const [name, value] of Object.entries(session.params)) {
      if (params[name] === undefined) Object.assign(params, { [name]: value });
    }
    return session;
  }

  /**
   * The key of the DPoP proof, if there is one: that of the first request is that of all later ones
   * and of the tokens (§9.5.1, §9.6.1).
   */
  async function findProofKey(
    ctx: TokenEndpointGrantContext,
    session: AuthSession | undefined,
  ): Promise<string | undefined> {
    const { client, params } = ctx.oidc;
    const proof = await validateDpop(provider, ctx);
    checkDpopRequired(provider, ctx, proof, errors.InvalidRequest);
    if (session?.jkt !== undefined && session.jkt !== proof?.thumbprint) {
      throw new InvalidAuthSession();
    }
    await checkDpopReplay(provider, ctx, proof, client.clientId, errors.InvalidRequest);
    const named = params["dpop_jkt"];
    if (proof !== undefined && named !== undefined && proof.thumbprint !== named) {
      throw new errors.InvalidRequest("dpop_jkt is not the key of the DPoP proof");
    }
    return proof?.thumbprint;
  }

  async function sendToWeb(ctx: TokenEndpointGrantContext): Promise<never> {
    const { client, params } = ctx.oidc;
    const redirectUri = params["redirect_uri"] ?? onlyOne(client.redirectUris);
    if (typeof redirectUri === "string" && client.redirectUriAllowed(redirectUri)) {
      const { username, ...request } = requestOf(params);
      const hint = username === undefined ? {} : { login_hint: username };
      const pushed = { ...request, ...hint, client_id: client.clientId, redirect_uri: redirectUri };
      addToAnswer(ctx, {
        request_uri: await deps.pushRequest({ clientId: client.clientId, params: pushed }),
        expires_in: PUSHED_REQUEST_SECONDS,
      });
    }
    throw new RedirectToWeb("what is asked for takes more than a password: use a browser");
  }

  provider.registerGrantType(
    AUTHORIZATION_CHALLENGE,
    answer,
    ["auth_session", "password", ...REMEMBERED_PARAMETERS],
    ["resource"],
  );
}

/** PKCE is required here whatever the settings say: no redirect URI binds the code to its client. */
function requireCodeChallenge(params: Record<string, unknown>): string {
  if (params["response_type"] !== "code") {
    throw new errors.InvalidRequest("response_type must be code");
  }
  const { code_challenge: challenge, code_challenge_method: method } = params;
  if (typeof challenge !== "string" || method !== "S256" || !S256_CHALLENGE.test(challenge)) {
    throw new errors.InvalidRequest("code_challenge with code_challenge_method S256 is required");
  }
  return challenge;
}

function requestOf(params: Record<string, unknown>): AuthSession["params"] {
  const request: Record<string, string | string[]> = {};
  for (const name of REMEMBERED_PARAMETERS) {
    const value = params[name];
    if (typeof value === "string") request[name] = value;
    else if (Array.isArray(value)) request[name] = value.map(String);
  }
  return request;
}

function onlyOne(redirectUris: readonly string[] | undefined): string | undefined {
  return redirectUris?.length === 1 ? redirectUris[0] : undefined;
}
