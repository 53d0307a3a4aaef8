import type { ClaimMapping, UpstreamAuthentication } from "./upstream-provider.js";

/**
 * What is known of one sort of provider, so that operators need not say it. Presets are data: a new
 * one is a row of `UPSTREAM_PRESETS`, and `docs/guides/single-sign-on.md` says how to try it.
 */
export interface UpstreamPreset {
  readonly displayName: string;
  readonly icon?: string;
  /** Where there is one for everybody; else the operator gives it. */
  readonly issuer?: string;
  readonly authentication?: UpstreamAuthentication;
  readonly scopes?: readonly string[];
  readonly authorizationParameters?: Readonly<Record<string, string>>;
  readonly claims?: ClaimMapping;
  /** Where it lets nobody have an address that the person did not prove to have. */
  readonly emailAuthoritativeFor?: readonly string[];
  /** It does not speak OpenID Connect: what discovery and ID tokens would say. */
  readonly oauth?: OAuthPreset;
}

/** Addresses may be relative to the issuer. */
export interface OAuthPreset {
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  /** What it calls itself in `iss` (RFC 9207), where that is not the issuer. */
  readonly responseIssuer?: string;
  /** A JSON object about the person that the access token is of. */
  readonly userEndpoint: string;
  /** Where the object has what never changes and is never given to another person. */
  readonly subject: string;
  /** A list of the person's addresses; the primary one becomes `email` and `email_verified`. */
  readonly emails?: {
    readonly endpoint: string;
    readonly address: string;
    readonly verified: string;
    readonly primary: string;
  };
}

const GITHUB_CLAIMS: ClaimMapping = {
  email: "email",
  email_verified: "email_verified",
  preferred_username: "login",
  name: "name",
  profile: "html_url",
  picture: "avatar_url",
  website: "blog",
};

const GITHUB_EMAILS = { address: "email", verified: "verified", primary: "primary" };

export const UPSTREAM_PRESETS: Readonly<Record<string, UpstreamPreset>> = {
  github: {
    displayName: "GitHub",
    icon: "github",
    issuer: "https://github.com",
    authentication: "client_secret_post",
    scopes: ["read:user", "user:email"],
    claims: GITHUB_CLAIMS,
    emailAuthoritativeFor: ["*"],
    oauth: {
      authorizationEndpoint: "/login/oauth/authorize",
      tokenEndpoint: "/login/oauth/access_token",
      responseIssuer: "/login/oauth",
      userEndpoint: "https://api.github.com/user",
      subject: "id",
      emails: { ...GITHUB_EMAILS, endpoint: "https://api.github.com/user/emails" },
    },
  },
  "github-enterprise": {
    displayName: "GitHub Enterprise",
    icon: "github",
    authentication: "client_secret_post",
    scopes: ["read:user", "user:email"],
    claims: GITHUB_CLAIMS,
    emailAuthoritativeFor: ["*"],
    oauth: {
      authorizationEndpoint: "/login/oauth/authorize",
      tokenEndpoint: "/login/oauth/access_token",
      responseIssuer: "/login/oauth",
      userEndpoint: "/api/v3/user",
      subject: "id",
      emails: { ...GITHUB_EMAILS, endpoint: "/api/v3/user/emails" },
    },
  },
  discord: {
    displayName: "Discord",
    icon: "discord",
    issuer: "https://discord.com",
    authentication: "client_secret_basic",
    scopes: ["identify", "email"],
    claims: {
      email: "email",
      email_verified: "verified",
      preferred_username: "username",
      name: "global_name",
      locale: "locale",
    },
    emailAuthoritativeFor: ["*"],
    oauth: {
      authorizationEndpoint: "/oauth2/authorize",
      tokenEndpoint: "/api/oauth2/token",
      userEndpoint: "/api/users/@me",
      subject: "id",
    },
  },
  google: {
    displayName: "Google",
    icon: "google",
    issuer: "https://accounts.google.com",
    emailAuthoritativeFor: ["*"],
  },
  entra: {
    displayName: "Microsoft",
    icon: "microsoft",
    // Entra says `email_verified` of nobody; `xms_edov` is its optional claim for that.
    claims: {
      email: "email",
      email_verified: "xms_edov",
      preferred_username: "preferred_username",
      name: "name",
      given_name: "given_name",
      family_name: "family_name",
    },
  },
};

export function findPreset(name: string | undefined): UpstreamPreset | undefined {
  return name !== undefined && Object.hasOwn(UPSTREAM_PRESETS, name)
    ? UPSTREAM_PRESETS[name]
    : undefined;
}
