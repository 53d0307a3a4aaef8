import { errors } from "oidc-provider";
import type { ResourceServer } from "../clients/resource-server-store.js";
import type { TokenExchangePolicy } from "../clients/token-exchange-policy-store.js";
import type { PresentedToken } from "./presented-token.js";

/**
 * What an exchanged token carries: never more than the policy says, nor scopes that its API does not
 * have and, for the API that the subject token is for already, nor more than that one carries. For
 * another API the policy stands in for the person, who was asked about the first only.
 *
 * @throws errors.InvalidScope when more is asked for: a token that can do less than its client
 *   counts on would fail later and elsewhere.
 */
export function scopesOfExchange(
  requested: ReadonlySet<string> | undefined,
  {
    policy,
    subject,
    api,
  }: { policy: TokenExchangePolicy; subject: PresentedToken; api: ResourceServer },
): string[] {
  const held = subject.scopes;
  const allowed = new Set(
    (policy.scopes ?? [...held]).filter(
      (scope) =>
        Object.hasOwn(api.scopes, scope) &&
        (subject.audience !== api.identifier || held.has(scope)),
    ),
  );
  const excess = [...(requested ?? [])].filter((scope) => !allowed.has(scope));
  if (excess.length > 0) {
    throw new errors.InvalidScope("the exchange does not allow this scope", excess.join(" "));
  }
  return [...(requested ?? allowed)];
}
