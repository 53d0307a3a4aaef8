/** The stable subject identifier of an account, never reused (OpenID Connect Core §2 `sub`). */
export type AccountId = string & { readonly __brand: "AccountId" };

/** For an id that this server wrote itself: in a token, a session or a row. */
export function toAccountId(id: string): AccountId {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place that makes the brand
  return id as AccountId;
}

/** OpenID Connect Core §5.1.1. */
export interface AddressClaim {
  readonly formatted?: string;
  readonly street_address?: string;
  readonly locality?: string;
  readonly region?: string;
  readonly postal_code?: string;
  readonly country?: string;
}

/** Standard claims of OpenID Connect Core §5.1 that are data of the account rather than columns. */
export interface ProfileClaims {
  readonly name?: string;
  readonly given_name?: string;
  readonly family_name?: string;
  readonly middle_name?: string;
  readonly nickname?: string;
  readonly profile?: string;
  readonly picture?: string;
  readonly website?: string;
  readonly gender?: string;
  readonly birthdate?: string;
  readonly zoneinfo?: string;
  readonly locale?: string;
  readonly phone_number?: string;
  readonly phone_number_verified?: boolean;
  readonly address?: AddressClaim;
}

/** What a person agreed to. */
export interface AcceptedTerms {
  readonly version: string;
  readonly acceptedAtSeconds: number;
}

export interface Account {
  readonly id: AccountId;
  /** As typed at creation; shown to people, `preferred_username`. */
  readonly username: string;
  readonly email: string | undefined;
  readonly emailVerified: boolean;
  readonly profile: ProfileClaims;
  /** It is refused to applications: by an administrator, or since it is to be deleted. */
  readonly disabled: boolean;
  /** Its person may sign in to keep it; undefined also when an administrator disabled it. */
  readonly deletionDueAtSeconds?: number | undefined;
  /** Made by the first start in development mode; refused in production. */
  readonly demonstration: boolean;
  /** Of the last agreement; undefined: none was asked for. */
  readonly terms?: AcceptedTerms | undefined;
  readonly createdAtSeconds: number;
  readonly updatedAtSeconds: number;
}

/** To whatever page there is for them; applications ask for `disabled`. */
export function maySignIn({ disabled, deletionDueAtSeconds }: Account): boolean {
  return !disabled || deletionDueAtSeconds !== undefined;
}

/**
 * The form in which user names and e-mail addresses are compared: NFKC, lower case, trimmed, so
 * that no two spellings of one name are two accounts or two counters.
 */
export function normalizeIdentifier(identifier: string): string {
  return identifier.normalize("NFKC").trim().toLowerCase();
}
