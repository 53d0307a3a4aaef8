import { FederationError } from "./federation-error.js";
import type { UpstreamAttempt } from "./upstream-attempt.js";

/** 60 s: how far its clock and ours may be apart. */
const CLOCK_TOLERANCE_SECONDS = 60;

/**
 * What was demanded of the provider is held against when it says that the person signed in (OpenID
 * Connect Core §3.1.3.7, 13): a provider that ignores `prompt` and `max_age` is not believed.
 *
 * @param authTimeSeconds as it said, unmapped. @throws FederationError `not_fresh`
 */
export function assertFresh(attempt: UpstreamAttempt, authTimeSeconds: unknown): void {
  const { demands, begunAtSeconds } = attempt;
  const maxAgeSeconds = demands.login === true ? 0 : demands.maxAgeSeconds;
  if (maxAgeSeconds === undefined) return;
  if (typeof authTimeSeconds !== "number" || !Number.isFinite(authTimeSeconds)) {
    throw new FederationError("not_fresh", "it does not say when the person signed in");
  }
  const earliest = begunAtSeconds - maxAgeSeconds - CLOCK_TOLERANCE_SECONDS;
  if (authTimeSeconds >= earliest) return;
  const agoSeconds = Math.round(begunAtSeconds - authTimeSeconds);
  const detail = `the person signed in ${agoSeconds} s before, ${maxAgeSeconds} s were allowed`;
  throw new FederationError("not_fresh", detail);
}
