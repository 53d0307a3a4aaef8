import type { PlaygroundViews, StepView } from "../../src/http/playground/playground-views.js";

const base = "/playground";
const issuer = "http://localhost:3000";
const token = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiIxIn0.c2lnbmF0dXJl".repeat(5);

const refused: StepView = {
  number: 2,
  title: "Token request with the refresh token",
  purpose: "The playground asks for a new access token. The person need not be there.",
  badge: { tone: "danger", text: "400 Bad Request" },
  outcome: { kind: "failure", text: "The server refused this: invalid_grant." },
  checks: [{ passed: false, text: "sub is not the person of the ID token." }],
  request: `POST ${issuer}/token\nAccept: application/json\n\ngrant_type=refresh_token&refresh_token=${token}`,
  parameters: [],
  response: '400 Bad Request\n\n{\n  "error": "invalid_grant"\n}',
  answer: [],
  tokens: [],
  curl: `curl -i ${issuer}/token \\\n  -d refresh_token=${token}`,
  curlNote: "This refresh token is used up.",
};

const issued: StepView = {
  ...refused,
  number: 1,
  title: "Token request with the code",
  badge: { tone: "success", text: "200 OK" },
  outcome: { kind: "success", text: "The server issued an access token and an ID token." },
  checks: [{ passed: true, text: "nonce is the one that was sent." }],
  parameters: [{ name: "state", value: "a-state", meaning: "Ties the answer to this browser" }],
  answer: [{ name: "code", value: "a-code", meaning: "" }],
  tokens: [
    {
      name: "ID token",
      value: token,
      badge: { tone: "success", text: "Verified" },
      explanation: "The signature was checked.",
      header: [{ name: "alg", value: "RS256", meaning: "Signature algorithm" }],
      payload: [{ name: "exp", value: "1795362005", meaning: "Expires in 59 minutes" }],
    },
  ],
  curlNote: undefined,
};

const start: PlaygroundViews["playground/start"] = {
  base,
  isReady: true,
  sessionUrl: undefined,
  scopes: [{ name: "openid", words: "An ID token, which says who signed in", isChosen: true }],
  prompts: [{ name: "login", words: "You sign in again" }],
  resource: `${issuer}/protected-resource`,
  registration: [
    { name: "redirect_uris", values: [`${issuer}/playground/callback`, `${issuer}/callback`] },
  ],
};

const code: PlaygroundViews["playground/code"] = {
  playgroundUrl: base,
  issuer,
  parameters: [{ name: "code", value: "a-code", meaning: "Is redeemed for tokens" }],
  verdict: {
    kind: "code",
    command: `curl ${issuer}/token \\\n  -d code=a-code`,
    isEndpointKnown: true,
    namesIssuer: true,
  },
};

/** The rows of the playground for `page-samples.ts`. */
export const PLAYGROUND_STATES = {
  "playground/start": {
    first: start,
    again: { ...start, sessionUrl: `${base}/session` },
    "not-registered": { ...start, isReady: false },
  },
  "playground/session": {
    empty: { base, held: [], steps: [] },
    steps: {
      base,
      held: [
        {
          name: "Access token",
          badges: [{ tone: "neutral", text: "Not a JWT" }],
          facts: "It expires in 9 minutes.",
          actions: [{ step: "userinfo", label: "Ask userinfo" }],
        },
      ],
      steps: [refused, issued],
    },
  },
  "playground/code": {
    code,
    "code-of-nobody": {
      ...code,
      verdict: {
        kind: "code",
        command: 'curl "$TOKEN_ENDPOINT"',
        isEndpointKnown: false,
        namesIssuer: false,
      },
    },
    foreign: { ...code, verdict: { kind: "foreign" } },
    error: { ...code, verdict: { kind: "error" } },
    nothing: { ...code, parameters: [], verdict: { kind: "nothing" } },
  },
} satisfies { readonly [V in keyof PlaygroundViews]: Record<string, PlaygroundViews[V]> };
