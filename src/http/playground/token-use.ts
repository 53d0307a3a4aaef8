/** What is done with tokens once they are there. Each step returns false when it lacks its token. */
import { describeRefusal } from "./describe-refusal.js";
import { findMetadata } from "./discover.js";
import {
  sendRequest,
  toSentRequest,
  type Exchange,
  type PlaygroundRequest,
} from "./http-exchange.js";
import type { ClientDeps } from "./playground-deps.js";
import {
  recordStep,
  type Check,
  type HeldTokens,
  type Outcome,
  type PlaygroundSession,
} from "./playground-session.js";

export type RevocableToken = "access_token" | "refresh_token";

const NAME_OF: Record<RevocableToken, string> = {
  access_token: "access token",
  refresh_token: "refresh token",
};

/** OpenID Connect Core §5.3. */
export async function askUserinfo(session: PlaygroundSession, deps: ClientDeps): Promise<boolean> {
  const { tokens } = session;
  if (tokens === undefined) return false;
  const metadata = await findMetadata(session, deps.issuer);
  if (metadata === undefined) return true;
  const request = {
    method: "GET",
    url: metadata.userinfo_endpoint,
    bearer: tokens.accessToken,
  } as const;
  const exchange = await sendRequest(toSentRequest(request));
  const checks = checkSubject(exchange, tokens);
  const mismatch = checks.some(({ passed }) => !passed);
  recordStep(session, {
    title: "Userinfo",
    purpose: "The access token opens the claims that its scopes allow.",
    request,
    response: exchange.response,
    outcome: mismatch
      ? { kind: "failure", text: "The claims are about somebody else. A client must not use them." }
      : judge(exchange, "The server told the claims of the person.", hintFor(tokens)),
    checks,
  });
  return true;
}

/** RFC 6750 §2.1. */
export async function callResource(session: PlaygroundSession, deps: ClientDeps): Promise<boolean> {
  const { tokens } = session;
  if (tokens === undefined) return false;
  const request = { method: "GET", url: deps.resource, bearer: tokens.accessToken } as const;
  const exchange = await sendRequest(toSentRequest(request));
  recordStep(session, {
    title: "Call of the example API",
    purpose: "The example API looks at the access token and tells what it knows from it.",
    request,
    response: exchange.response,
    outcome: judge(exchange, "The API accepted the access token."),
  });
  return true;
}

/** RFC 7662. */
export async function introspect(
  session: PlaygroundSession,
  kind: RevocableToken,
  deps: ClientDeps,
): Promise<boolean> {
  const token = tokenOf(session, kind);
  if (token === undefined) return false;
  const metadata = await findMetadata(session, deps.issuer);
  if (metadata === undefined) return true;
  const form = { token, token_type_hint: kind };
  const request = aboutToken(metadata.introspection_endpoint, form, deps);
  const exchange = await sendRequest(toSentRequest(request));
  const name = NAME_OF[kind];
  const active = exchange.response?.json?.["active"];
  recordStep(session, {
    title: `Introspection of the ${name}`,
    purpose:
      "The server tells an authenticated client whether a token is good and what it stands for.",
    request,
    response: exchange.response,
    outcome:
      typeof active === "boolean"
        ? { kind: "success", text: `The ${name} is ${active ? "active" : "not active"}.` }
        : judge(exchange, ""),
  });
  return true;
}

/** RFC 7009. */
export async function revoke(
  session: PlaygroundSession,
  kind: RevocableToken,
  deps: ClientDeps,
): Promise<boolean> {
  const token = tokenOf(session, kind);
  if (token === undefined) return false;
  const metadata = await findMetadata(session, deps.issuer);
  if (metadata === undefined) return true;
  const form = { token, token_type_hint: kind };
  const request = aboutToken(metadata.revocation_endpoint, form, deps);
  const exchange = await sendRequest(toSentRequest(request));
  const done = exchange.response?.status === 200;
  recordStep(session, {
    title: `Revocation of the ${NAME_OF[kind]}`,
    purpose: "A client that no longer needs a token asks the server to end it.",
    request,
    response: exchange.response,
    outcome: done
      ? {
          kind: "success",
          text: "The server answers 200 with no body, whether it knew the token or not (RFC 7009). Introspect it to see the effect.",
        }
      : { kind: "failure", text: describeRefusal(exchange) },
  });
  const { tokens } = session;
  if (done && tokens !== undefined) {
    session.tokens = { ...tokens, revoked: new Set([...tokens.revoked, kind]) };
  }
  return true;
}

function tokenOf({ tokens }: PlaygroundSession, kind: RevocableToken): string | undefined {
  return kind === "access_token" ? tokens?.accessToken : tokens?.refreshToken;
}

function aboutToken(
  url: string,
  form: { token: string; token_type_hint: RevocableToken },
  { clientId, clientSecret }: ClientDeps,
): PlaygroundRequest {
  return { method: "POST", url, basic: { clientId, clientSecret: clientSecret() }, form };
}

/** OpenID Connect Core §5.3.2: claims about another person must not be used. */
function checkSubject({ response }: Exchange, { identity }: HeldTokens): Check[] {
  if (response?.status !== 200 || identity === undefined) return [];
  return response.json?.["sub"] === identity.subject
    ? [{ passed: true, text: "sub is the person of the ID token." }]
    : [{ passed: false, text: "sub is not the person of the ID token." }];
}

function hintFor({ resource, identity }: HeldTokens): string {
  if (resource !== undefined)
    return "This access token is for the example API, and for nothing else.";
  return identity === undefined
    ? "Userinfo needs a person who signed in with the scope openid."
    : "";
}

function judge(exchange: Exchange, success: string, hint = ""): Outcome {
  if (exchange.response?.status === 200 && exchange.response.json !== undefined) {
    return { kind: "success", text: success };
  }
  return { kind: "failure", text: `${describeRefusal(exchange)} ${hint}`.trimEnd() };
}
