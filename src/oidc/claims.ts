import type { AccountClaims } from "oidc-provider";
import type { Account } from "../accounts/account.js";

/**
 * Claims by the scope that asks for them (OpenID Connect Core §5.4), and those of the
 * authentication itself, which have no scope (§2).
 */
export const CLAIMS_BY_SCOPE: Record<string, null | string[]> = {
  acr: null,
  amr: null,
  auth_time: null,
  iss: null,
  sid: null,
  openid: ["sub"],
  profile: [
    "name",
    "family_name",
    "given_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
  ],
  email: ["email", "email_verified"],
  phone: ["phone_number", "phone_number_verified"],
  address: ["address"],
};

export const SCOPES = ["openid", "offline_access", "profile", "email", "phone", "address"];

/** Everything known about the account; the library keeps what was asked for and granted. */
export function accountClaims(account: Account): AccountClaims {
  return {
    ...account.profile,
    sub: account.id,
    preferred_username: account.username,
    updated_at: account.updatedAtSeconds,
    ...(account.email === undefined
      ? {}
      : { email: account.email, email_verified: account.emailVerified }),
  };
}
