import type { ActorClaim } from "./actor-claim.js";

/** Who exchanged whose token for what, for audit lines. */
export interface ExchangeFacts {
  readonly accountId?: string | undefined;
  readonly subject?: string;
  /** The client that the subject token was issued to. */
  readonly subjectClientId?: string;
  readonly act?: ActorClaim | undefined;
  readonly source?: string | undefined;
  readonly target?: string;
}

const FACTS = Symbol("exchange facts");

interface RequestContext {
  readonly state: { [FACTS]?: ExchangeFacts };
}

/** Adds to what is known of the exchange that this request asks for. */
export function noteExchange(ctx: RequestContext, facts: ExchangeFacts): void {
  ctx.state[FACTS] = { ...ctx.state[FACTS], ...facts };
}

/** @returns undefined for a request of another kind. */
export function findExchangeFacts(ctx: RequestContext): ExchangeFacts | undefined {
  return ctx.state[FACTS];
}
