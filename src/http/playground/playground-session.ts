/** What the playground remembers of one browser: the steps it took and the tokens it holds. */
import type { KeySet } from "../../tokens/verify-id-token.js";
import { curlCommand } from "./curl-command.js";
import type { IssuerMetadata } from "./discover.js";
import {
  toSentRequest,
  type PlaygroundRequest,
  type ReceivedResponse,
  type SentRequest,
} from "./http-exchange.js";

export interface PlaygroundSession {
  readonly id: string;
  /** Oldest first. */
  readonly steps: Step[];
  stepCount: number;
  metadata: IssuerMetadata | undefined;
  keys: KeySet | undefined;
  /** Authorization requests without an answer yet, oldest first. */
  readonly pending: PendingAuthorization[];
  pendingSignOut: PendingSignOut | undefined;
  tokens: HeldTokens | undefined;
  /** Settles when the step under way is done. */
  turn: Promise<unknown>;
}

export interface PendingAuthorization {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly resource: string | undefined;
  readonly step: Step;
}

export interface PendingSignOut {
  readonly state: string;
  readonly step: Step;
}

export interface HeldTokens {
  readonly accessToken: string;
  readonly accessTokenVerdict: TokenVerdict;
  /** Undefined when the server did not say. */
  readonly expiresAtSeconds: number | undefined;
  readonly scope: string | undefined;
  readonly resource: string | undefined;
  readonly refreshToken: string | undefined;
  readonly identity: Identity | undefined;
  readonly revoked: ReadonlySet<"access_token" | "refresh_token">;
}

/** Who signed in, by a verified ID token. */
export interface Identity {
  readonly idToken: string;
  readonly subject: string;
  readonly nonce: string;
}

export type TokenVerdict =
  | { readonly kind: "verified" | "not a JWT" }
  /** `problem` is a sentence. */
  | { readonly kind: "not verified"; readonly problem: string };

export interface ShownToken {
  readonly name: "Access token" | "Refresh token" | "ID token";
  readonly value: string;
  readonly verdict: TokenVerdict;
}

export interface Check {
  readonly passed: boolean;
  readonly text: string;
}

export interface Parameter {
  readonly name: string;
  readonly value: string;
}

export interface Outcome {
  readonly kind: "success" | "failure" | "waiting";
  readonly text: string;
}

export interface Step {
  readonly number: number;
  readonly title: string;
  readonly purpose: string;
  /** Not the playground sent it: the browser was sent there by a redirect. */
  readonly byBrowser: boolean;
  readonly request: SentRequest;
  readonly curl: string;
  /** What happens when the command is run now, where that surprises. */
  readonly curlNote: string | undefined;
  response: ReceivedResponse | undefined;
  outcome: Outcome;
  checks: readonly Check[];
  tokens: readonly ShownToken[];
  /** What the browser brought back. */
  answer: readonly Parameter[];
}

export interface NewStep {
  readonly title: string;
  readonly purpose: string;
  readonly byBrowser?: boolean;
  readonly request: PlaygroundRequest;
  readonly curlNote?: string | undefined;
  readonly response?: ReceivedResponse | undefined;
  readonly outcome: Outcome;
  readonly checks?: readonly Check[];
  readonly tokens?: readonly ShownToken[];
}

/** 40: more than anybody reads; bounds what one browser makes this process keep. */
const MAX_STEPS = 40;

export function recordStep(session: PlaygroundSession, step: NewStep): Step {
  const { title, purpose, request, outcome, byBrowser = false } = step;
  const sent = toSentRequest(request);
  session.stepCount += 1;
  const recorded: Step = {
    number: session.stepCount,
    title,
    purpose,
    byBrowser,
    // The browser adds headers of its own, of which the playground sees none.
    request: byBrowser ? { ...sent, headers: [] } : sent,
    curl: curlCommand(request),
    curlNote: step.curlNote,
    response: step.response,
    outcome,
    checks: step.checks ?? [],
    tokens: step.tokens ?? [],
    answer: [],
  };
  session.steps.push(recorded);
  if (session.steps.length > MAX_STEPS) session.steps.shift();
  return recorded;
}

/**
 * Runs the work of one session one after the other: two clicks on Refresh must not send the same
 * refresh token twice, which the server takes for theft.
 */
export function takeTurn<T>(session: PlaygroundSession, work: () => Promise<T>): Promise<T> {
  const result = session.turn.then(work);
  session.turn = result.catch(() => undefined);
  return result;
}
