import { CLAIMS_BY_SCOPE } from "./claims.js";
import { message, type Message } from "../lib/message.js";

/** What a scope or claim lets an application do, as a phrase after "This application will …". */
export interface ScopeGroup {
  readonly title: Message;
  readonly items: readonly Message[];
}

const GROUPS: readonly { title: string; scopes: readonly string[] }[] = [
  { title: "consent.group-identity", scopes: ["openid", "profile"] },
  { title: "consent.group-contact", scopes: ["email", "phone", "address"] },
];

/** Of which words are: `sub` is part of every sign-in. */
const CLAIMS = new Set(
  ["profile", "email", "phone", "address"].flatMap((scope) => CLAIMS_BY_SCOPE[scope] ?? []),
);

/** `offline_access` is told apart on the page, since it is about time and not about data. */
export function describeScopes(scopes: readonly string[], claims: readonly string[]): ScopeGroup[] {
  const groups = GROUPS.map((group) => ({
    title: message(group.title),
    items: scopes
      .filter((scope) => group.scopes.includes(scope))
      .map((scope) => message(`consent.scope-${scope}`)),
  }));
  groups.push({
    title: message("consent.group-details"),
    items: claims.map(describeClaim),
  });
  return groups.filter((group) => group.items.length > 0);
}

/** One that only an earlier version knew is called by its own name. */
function describeClaim(claim: string): Message {
  return CLAIMS.has(claim)
    ? message(`consent.claim-${claim}`)
    : message("consent.claim", { claim: claim.replaceAll("_", " ") });
}
