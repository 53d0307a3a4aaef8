/** From what a playground session remembers to what its page shows. */
import { describeParameters } from "./describe-parameters.js";
import { describeDistance } from "./describe-time.js";
import { describeToken } from "./describe-token.js";
import type { Header, ReceivedResponse, SentRequest } from "./http-exchange.js";
import type { HeldTokens, PlaygroundSession, Step, TokenVerdict } from "./playground-session.js";
import type { Badge, HeldTokenView, PlaygroundSessionView, StepView } from "./playground-views.js";

export interface SessionViewFacts {
  readonly base: string;
  readonly nowSeconds: number;
}

export function createSessionView(
  { tokens, steps }: PlaygroundSession,
  { base, nowSeconds }: SessionViewFacts,
): PlaygroundSessionView {
  return {
    base,
    held: tokens === undefined ? [] : describeHeld(tokens, nowSeconds),
    steps: steps.toReversed().map((step) => createStepView(step, nowSeconds)),
  };
}

const KINDS: Record<TokenVerdict["kind"], Badge> = {
  verified: { tone: "success", text: "JWT, verified" },
  "not a JWT": { tone: "neutral", text: "Not a JWT" },
  "not verified": { tone: "danger", text: "JWT, not verified" },
};

function describeHeld(tokens: HeldTokens, nowSeconds: number): HeldTokenView[] {
  const revoked = (kind: "access_token" | "refresh_token"): Badge[] =>
    tokens.revoked.has(kind) ? [{ tone: "caution", text: "Revoked" }] : [];
  const held: HeldTokenView[] = [
    {
      name: "Access token",
      badges: [KINDS[tokens.accessTokenVerdict.kind], ...revoked("access_token")],
      facts: describeAccess(tokens, nowSeconds),
      actions: [
        { step: "userinfo", label: "Ask userinfo" },
        { step: "resource", label: "Call the protected resource" },
        { step: "introspect-access-token", label: "Introspect" },
        { step: "revoke-access-token", label: "Revoke" },
      ],
    },
  ];
  if (tokens.refreshToken !== undefined) {
    held.push({
      name: "Refresh token",
      badges: [KINDS["not a JWT"], ...revoked("refresh_token")],
      facts: "It brings a new access token, and a new refresh token takes its place.",
      actions: [
        { step: "refresh", label: "Refresh" },
        { step: "introspect-refresh-token", label: "Introspect" },
        { step: "revoke-refresh-token", label: "Revoke" },
      ],
    });
  }
  if (tokens.identity !== undefined) {
    held.push({
      name: "ID token",
      badges: [KINDS.verified],
      facts: `It says that ${tokens.identity.subject} signed in.`,
      actions: [{ step: "sign-out", label: "Sign out" }],
    });
  }
  return held;
}

function describeAccess(
  { resource, identity, expiresAtSeconds, scope }: HeldTokens,
  nowSeconds: number,
): string {
  const audience = resource ?? (identity === undefined ? "no API in particular" : "userinfo");
  const permissions = scope === undefined ? "" : ` Its scope is ${scope}.`;
  return `It is for ${audience}.${permissions}${describeEnd(expiresAtSeconds, nowSeconds)}`;
}

function describeEnd(expiresAtSeconds: number | undefined, nowSeconds: number): string {
  if (expiresAtSeconds === undefined) return "";
  const distance = describeDistance(expiresAtSeconds, nowSeconds);
  return expiresAtSeconds > nowSeconds ? ` It expires ${distance}.` : ` It expired ${distance}.`;
}

function createStepView(step: Step, nowSeconds: number): StepView {
  const { number, title, purpose, outcome, checks, curl, curlNote, request, response } = step;
  return {
    number,
    title,
    purpose,
    badge: describeBadge(step),
    outcome,
    checks,
    request: formatRequest(request),
    parameters: step.byBrowser ? describeQuery(request.url) : [],
    response: response === undefined ? undefined : formatResponse(response),
    answer: describeParameters(step.answer.map(({ name, value }) => [name, value] as const)),
    tokens: step.tokens.map((token) => describeToken(token, nowSeconds)),
    curl,
    curlNote,
  };
}

function describeBadge({ outcome, response }: Step): Badge {
  if (outcome.kind === "waiting") return { tone: "neutral", text: "Waiting" };
  const text = response === undefined ? undefined : formatStatus(response);
  return outcome.kind === "success"
    ? { tone: "success", text: text ?? "Done" }
    : { tone: "danger", text: text ?? "Failed" };
}

function describeQuery(url: string) {
  return describeParameters(new URL(url).searchParams);
}

function formatRequest({ method, url, headers, body }: SentRequest): string {
  return joinMessage(`${method} ${url}`, headers, body);
}

function formatResponse(response: ReceivedResponse): string {
  const { headers, json, body } = response;
  const text = json === undefined ? body : JSON.stringify(json, null, 2);
  return joinMessage(formatStatus(response), headers, text === "" ? undefined : text);
}

function formatStatus({ status, statusText }: ReceivedResponse): string {
  return `${status} ${statusText}`.trimEnd();
}

function joinMessage(start: string, headers: readonly Header[], body: string | undefined): string {
  const head = [start, ...headers.map(([name, value]) => `${name}: ${value}`)].join("\n");
  return body === undefined ? head : `${head}\n\n${body}`;
}
