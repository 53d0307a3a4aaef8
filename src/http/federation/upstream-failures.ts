import type { Context } from "koa";
import type { FederationError } from "../../federation/federation-error.js";
import type { Audit } from "../../lib/audit.js";
import { message, type Message } from "../../lib/message.js";
import { leadOnInLanguage } from "../language-links.js";
import type { Renderer } from "../render.js";

/** What a person sees when a sign-in at another provider came to nothing, and operators read. */
export interface UpstreamFailures {
  show(ctx: Context, error: FederationError, context: FailureContext): void;
}

export interface FailureContext {
  readonly provider?: { readonly id: string; readonly displayName: string } | undefined;
  readonly clientId?: string | undefined;
  /** Undefined: to the start page. */
  readonly wayOn: { readonly href: string; readonly label: Message } | undefined;
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
      const name = provider?.displayName ?? message("federation.other-site");
      const data = {
        // What a stranger wrote is never among it.
        heading: message(`federation.problem-${error.problem}`, { provider: name }),
        explanation: message(`federation.problem-${error.problem}-why`),
        errorCode: error.problem,
        errorDescription: undefined,
        requestId,
        wayOn: wayOn ?? { href: `${basePath}/`, label: message("common.to-start-page") },
      };
      // What the provider sent counts once. Without it, the page at its address is this one.
      if (wayOn !== undefined) leadOnInLanguage(ctx, wayOn.href);
      render(ctx, "error", data, error.status);
    },
  };
}
