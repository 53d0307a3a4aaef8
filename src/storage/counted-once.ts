import type { AttemptRule } from "../accounts/attempt-store.js";

/**
 * SQL of what a row of `attempt` becomes when it counts once more. Numbers of ours stand in the text,
 * since each is needed many times; the text is short, since it is parsed at each sign-in.
 */
export function countedOnce(nowSeconds: number, { steps, forgiveSeconds }: AttemptRule) {
  const forgiven = `case when attempt.forgiven_at < ${nowSeconds} then (${nowSeconds} - attempt.forgiven_at) / ${forgiveSeconds} else 0 end`;
  const left = `attempt.failures - (${forgiven})`;
  const cases = steps.toReversed().map(({ failures, waitSeconds }) => {
    const condition = failures > 1 ? `${left} >= ${failures - 1}` : "true";
    return `when ${condition} then ${nowSeconds + waitSeconds}`;
  });
  const blockedUntil = cases.length === 0 ? "0" : `case ${cases.join(" ")} else 0 end`;
  const longestWaitSeconds = Math.max(0, ...steps.map((step) => step.waitSeconds));
  return {
    failures: `case when ${left} > 0 then ${left} + 1 else 1 end`,
    forgiven_at: `case when ${left} > 0 then attempt.forgiven_at + (${forgiven}) * ${forgiveSeconds} else ${nowSeconds} end`,
    blocked_until: blockedUntil,
    // At the latest: no row goes while it counts.
    expires_at: `${nowSeconds + longestWaitSeconds} + (attempt.failures + 1) * ${forgiveSeconds}`,
  };
}
