/** What the templates in `views/playground/` are told. All strings are plain text. */
import type { ClaimRow, DescribedToken } from "./describe-token.js";
import type { Check, Outcome } from "./playground-session.js";

export interface PlaygroundViews {
  "playground/start": PlaygroundStartView;
  "playground/session": PlaygroundSessionView;
  "playground/code": PlaygroundCodeView;
}

export interface Badge {
  readonly tone: "success" | "neutral" | "caution" | "danger";
  readonly text: string;
}

/** Posts to `authorize` and `client-credentials` below `base`. */
export interface PlaygroundStartView {
  readonly base: string;
  /** False: the client is not registered, and nothing works. */
  readonly isReady: boolean;
  /** Undefined when there are none. */
  readonly sessionUrl: string | undefined;
  readonly scopes: readonly {
    readonly name: string;
    readonly words: string;
    readonly isChosen: boolean;
  }[];
  readonly prompts: readonly { readonly name: string; readonly words: string }[];
  readonly resource: string;
  readonly registration: readonly { readonly name: string; readonly values: readonly string[] }[];
}

/** Posts `step` to `steps` below `base`. */
export interface PlaygroundSessionView {
  readonly base: string;
  readonly held: readonly HeldTokenView[];
  /** Newest first. */
  readonly steps: readonly StepView[];
}

export interface HeldTokenView {
  readonly name: string;
  readonly badges: readonly Badge[];
  readonly facts: string;
  readonly actions: readonly { readonly step: string; readonly label: string }[];
}

export interface StepView {
  readonly number: number;
  readonly title: string;
  readonly purpose: string;
  readonly badge: Badge;
  readonly outcome: Outcome;
  readonly checks: readonly Check[];
  readonly request: string;
  /** Of the query string of a request that the browser carried; else empty. */
  readonly parameters: readonly ClaimRow[];
  readonly response: string | undefined;
  /** What the browser brought back; else empty. */
  readonly answer: readonly ClaimRow[];
  readonly tokens: readonly DescribedToken[];
  readonly curl: string;
  readonly curlNote: string | undefined;
}

export interface PlaygroundCodeView {
  readonly playgroundUrl: string;
  readonly issuer: string;
  /** In the order of arrival; empty when somebody only looks at the page. */
  readonly parameters: readonly ClaimRow[];
  readonly verdict:
    | { readonly kind: "nothing" | "foreign" | "error" }
    | {
        readonly kind: "code";
        readonly command: string;
        /** False: the command takes it from TOKEN_ENDPOINT. */
        readonly isEndpointKnown: boolean;
        readonly namesIssuer: boolean;
      };
}
