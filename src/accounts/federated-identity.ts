import type { AccountId, ProfileClaims } from "./account.js";

/** A person at another provider. The issuer is part of it: two of them may use one subject. */
export interface UpstreamSubject {
  readonly issuer: string;
  readonly subject: string;
}

/** What a provider said of a person who came back from it, in our terms. */
export interface UpstreamPerson extends UpstreamSubject {
  readonly claims: {
    readonly email: string | undefined;
    /** The provider says that the address is this person's; how much that is worth, rules say. */
    readonly emailVerified: boolean;
    readonly username: string | undefined;
    readonly profile: ProfileClaims;
  };
}

/** Who an account is at another provider. */
export interface FederatedIdentity extends UpstreamSubject {
  readonly accountId: AccountId;
  /** Through which provider of ours it was linked or used last. */
  readonly provider: string;
  /** Name or address there, for its owner to recognize. */
  readonly display: string | undefined;
  readonly linkedAtSeconds: number;
  readonly lastUsedAtSeconds: number | undefined;
}

/** What an operator decided about the people of one provider. */
export interface UpstreamRules {
  readonly id: string;
  /** What a first sign-in does: make an account, link one that proves itself, take up an invitation. */
  readonly accounts: "create" | "link" | "invited";
  /** Domains of verified addresses that may sign in at all; empty: no rule. */
  readonly allowedDomains: readonly string[];
  /** Domains for which `emailVerified` of this provider is believed; `*`: all. */
  readonly emailAuthoritativeFor: readonly string[];
  /** Each sign-in brings the profile up to date. */
  readonly takesOverProfile: boolean;
}

export function domainOf(email: string): string {
  return email.slice(email.lastIndexOf("@") + 1).toLowerCase();
}
