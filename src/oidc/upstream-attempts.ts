import { FederationError } from "../federation/federation-error.js";
import type { UpstreamAttempt } from "../federation/upstream-attempt.js";
import type { Clock } from "../lib/clock.js";
import type { Sealer } from "../lib/seal.js";
import type { UseOnce } from "./use-once.js";

/**
 * Sign-ins under way at other providers. Nothing of one is kept here: it travels sealed with its
 * browser, so any node takes it back; that it was used is what all nodes know.
 */
export interface UpstreamAttempts {
  /** Text for a cookie, which opens together with its own `state` alone. */
  seal(attempt: UpstreamAttempt): string;
  /** @returns undefined for what is not ours or belongs to another `state`; also after its time. */
  open(sealed: string, state: string): UpstreamAttempt | undefined;
  /**
   * Uses it up, whether or not what came back is right.
   *
   * @throws FederationError `attempt_expired`; `attempt_used` for all calls but the first, of all nodes.
   */
  consume(attempt: UpstreamAttempt): Promise<void>;
}

export interface UpstreamAttemptsDeps {
  readonly sealer: Sealer;
  readonly useOnce: UseOnce;
  readonly clock: Clock;
}

export function createUpstreamAttempts({
  sealer,
  useOnce,
  clock,
}: UpstreamAttemptsDeps): UpstreamAttempts {
  return {
    seal: (attempt) => sealer.seal(JSON.stringify(attempt), contextOf(attempt.state)),
    open(sealed, state) {
      const json = sealer.open(sealed, contextOf(state));
      if (json === undefined) return undefined;
      const attempt: UpstreamAttempt = JSON.parse(json);
      return attempt;
    },
    async consume({ state, expiresAtSeconds }) {
      const remainingSeconds = expiresAtSeconds - clock.nowSeconds();
      if (remainingSeconds <= 0) {
        throw new FederationError("attempt_expired", "the sign-in took too long");
      }
      if (await useOnce(state, remainingSeconds)) return;
      throw new FederationError("attempt_used", "the answer of the provider came a second time");
    },
  };
}

function contextOf(state: string): string {
  return `upstream-attempt ${state}`;
}
