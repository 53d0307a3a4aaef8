import type { UpstreamAttempt, UpstreamDemands, UpstreamPurpose } from "./upstream-attempt.js";
import type { UpstreamIdentity } from "./upstream-identity.js";
import type { UpstreamProvider } from "./upstream-provider.js";

export interface BeginOptions extends UpstreamDemands {
  readonly purpose: UpstreamPurpose;
  readonly loginHint?: string | undefined;
  readonly acrValues?: string | undefined;
  readonly uiLocales?: string | undefined;
}

/** What the provider sent with the browser, whatever way it took. */
export type UpstreamAnswer = Readonly<Record<string, string>>;

/** The protocol with providers, without browsers and accounts. */
export interface UpstreamClient {
  /**
   * Begins a sign-in (RFC 6749 §4.1.1 with PKCE, `state` and `nonce`; pushed where it can be).
   *
   * @returns where the browser is to go, and what must be remembered of it meanwhile.
   * @throws FederationError
   */
  begin(
    provider: UpstreamProvider,
    options: BeginOptions,
  ): Promise<{ readonly url: string; readonly attempt: UpstreamAttempt }>;
  /**
   * Takes what came back. Whether it is the first time is known to the caller alone.
   *
   * @throws FederationError
   */
  finish(
    provider: UpstreamProvider,
    answer: UpstreamAnswer,
    attempt: UpstreamAttempt,
  ): Promise<UpstreamIdentity>;
}
