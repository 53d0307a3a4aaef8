/** One request to the token endpoint, whatever the grant, and what is kept of its answer. */
import { describeRefusal } from "./describe-refusal.js";
import type { IssuerMetadata } from "./discover.js";
import {
  sendRequest,
  toSentRequest,
  type Exchange,
  type PlaygroundRequest,
} from "./http-exchange.js";
import { judgeAccessToken, judgeIdToken, type JudgedIdToken } from "./judge-tokens.js";
import type { ClientDeps } from "./playground-deps.js";
import {
  recordStep,
  type HeldTokens,
  type Outcome,
  type PlaygroundSession,
  type ShownToken,
  type TokenVerdict,
} from "./playground-session.js";
import { describeIssued, parseTokenResponse, type TokenResponse } from "./token-response.js";

export interface TokenRequest {
  readonly title: string;
  readonly purpose: string;
  readonly curlNote?: string;
  readonly form: Readonly<Record<string, string>>;
  readonly resource: string | undefined;
  /** Undefined when no ID token is expected. */
  readonly nonce: string | undefined;
  readonly metadata: IssuerMetadata;
  /** What a refresh goes on from. */
  readonly earlier?: HeldTokens;
}

/** The session holds the new tokens afterwards, or what it held before when the step failed. */
export async function requestTokens(
  session: PlaygroundSession,
  request: TokenRequest,
  deps: ClientDeps,
): Promise<void> {
  const { title, purpose, curlNote, form, resource, metadata, earlier } = request;
  const http: PlaygroundRequest = {
    method: "POST",
    url: metadata.token_endpoint,
    basic: { clientId: deps.clientId, clientSecret: deps.clientSecret() },
    form,
  };
  const exchange = await sendRequest(toSentRequest(http));
  const step = { title, purpose, request: http, response: exchange.response };
  const issued = readTokens(exchange);
  if (issued === undefined) {
    recordStep(session, { ...step, outcome: { kind: "failure", text: describeRefusal(exchange) } });
    return;
  }

  const facts = { ...request, issued, earlierSubject: earlier?.identity?.subject };
  const idToken = await judgeIdToken(session, facts, deps);
  const accessTokenVerdict = await judgeAccessToken(session, facts, deps);
  recordStep(session, {
    ...step,
    curlNote,
    outcome: describeOutcome(idToken, issued),
    checks: idToken.checks,
    tokens: [...idToken.shown, ...showOthers(issued, accessTokenVerdict)],
  });
  if (idToken.problem !== undefined) return;
  session.tokens = {
    accessToken: issued.accessToken,
    accessTokenVerdict,
    expiresAtSeconds: findExpiry(issued, deps),
    scope: issued.scope,
    resource,
    revoked: new Set(),
    ...keepEarlier({ refreshToken: issued.refreshToken, identity: idToken.identity }, earlier),
  };
}

function readTokens({ response }: Exchange): TokenResponse | undefined {
  return response?.status === 200 ? parseTokenResponse(response.json) : undefined;
}

/** RFC 6749 §6: without a new refresh token the old one stays good; and the person is the same. */
function keepEarlier(
  { refreshToken, identity }: Pick<HeldTokens, "refreshToken" | "identity">,
  earlier: HeldTokens | undefined,
): Pick<HeldTokens, "refreshToken" | "identity"> {
  return {
    refreshToken: refreshToken ?? earlier?.refreshToken,
    identity: identity ?? earlier?.identity,
  };
}

function describeOutcome({ problem }: JudgedIdToken, issued: TokenResponse): Outcome {
  if (problem === undefined) return { kind: "success", text: describeIssued(issued) };
  const text = `The ID token does not hold, so nothing of this answer is used. ${problem}`;
  return { kind: "failure", text };
}

function showOthers(
  { accessToken, refreshToken }: TokenResponse,
  verdict: TokenVerdict,
): ShownToken[] {
  const shown: ShownToken[] = [{ name: "Access token", value: accessToken, verdict }];
  if (refreshToken !== undefined) {
    shown.push({ name: "Refresh token", value: refreshToken, verdict: { kind: "not a JWT" } });
  }
  return shown;
}

function findExpiry(
  { expiresInSeconds }: TokenResponse,
  { clock }: ClientDeps,
): number | undefined {
  return expiresInSeconds === undefined ? undefined : clock.nowSeconds() + expiresInSeconds;
}
