import type { Context } from "koa";
import type { FederationError, FederationProblem } from "../../federation/federation-error.js";
import type { Audit } from "../../lib/audit.js";
import type { Renderer } from "../render.js";

/** What a person sees when a sign-in at another provider came to nothing, and operators read. */
export interface UpstreamFailures {
  show(ctx: Context, error: FederationError, context: FailureContext): void;
}

export interface FailureContext {
  readonly provider?: { readonly id: string; readonly displayName: string } | undefined;
  readonly clientId?: string | undefined;
  /** Undefined: to the start page. */
  readonly wayOn: { readonly href: string; readonly label: string } | undefined;
}

export interface UpstreamFailuresDeps {
  readonly render: Renderer["render"];
  readonly audit: Audit;
  readonly basePath: string;
}

export function createUpstreamFailures({
  render,
  audit,
  basePath,
}: UpstreamFailuresDeps): UpstreamFailures {
  return {
    show(ctx, error, { provider, clientId, wayOn }) {
      const requestId = String(ctx.state["requestId"]);
      audit({
        event: "sign_in",
        outcome: "failure",
        reason: error.problem,
        detail: error.detail,
        provider: provider?.id,
        clientId,
        ip: ctx.ip,
        requestId,
      });
      const [heading, explanation] = WORDS[error.problem](
        provider?.displayName ?? "The other site",
      );
      const data = {
        heading,
        explanation,
        errorCode: error.problem,
        errorDescription: undefined,
        requestId,
        wayOn: wayOn ?? { href: `${basePath}/`, label: "Go to the start page" },
      };
      render(ctx, "error", data, error.status);
    },
  };
}

const TELL = "If it happens again, tell whoever runs this site, with the reference below.";
const AGAIN = "Please start again from where you came, or sign in another way.";

/** Heading and explanation; what a stranger wrote is never among it. */
const WORDS: Record<FederationProblem, (name: string) => readonly [string, string]> = {
  provider_unavailable: (name) => [
    `${name} cannot be used to sign in`,
    "It was switched off or changed a moment ago. Please sign in another way.",
  ],
  upstream_unreachable: (name) => [
    `${name} does not answer`,
    "It may be down or slow. Try again in a moment, or sign in another way.",
  ],
  upstream_busy: (name) => [
    `${name} cannot sign you in just now`,
    "It asks to come again later. Try again in a moment, or sign in another way.",
  ],
  upstream_invalid: (name) => [
    `${name} gave an answer that cannot be trusted`,
    `You were not signed in. ${TELL}`,
  ],
  upstream_rejects_us: (name) => [
    `${name} does not accept sign-ins from here`,
    `It is not set up right between the two. ${TELL}`,
  ],
  upstream_refused: (name) => [
    `${name} did not sign you in`,
    "You cancelled there, or you have no access. You can try again or sign in another way.",
  ],
  upstream_needs_person: (name) => [
    `${name} needs something from you first`,
    "Try again and follow its steps, or sign in another way.",
  ],
  code_refused: (name) => [
    `${name} did not confirm the sign-in`,
    "It may have taken too long. Please try again.",
  ],
  not_fresh: (name) => [
    `${name} did not ask you to sign in again`,
    "The application wants to be sure that it is you right now. Please sign in another way.",
  ],
  freshness_unsupported: (name) => [
    `${name} is not enough for this`,
    "The application wants you to prove that it is you right now, which cannot be done there. Please sign in another way.",
  ],
  attempt_unknown: () => ["This sign-in was not begun in this browser", AGAIN],
  attempt_expired: () => ["This sign-in took too long", AGAIN],
  attempt_used: () => ["This sign-in is over", `Its answer was used before. ${AGAIN}`],
};
