/** What both kinds of server are given before anything is measured. */

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface Registration {
  /** For client credentials. */
  readonly machines: readonly Credentials[];
  /** For people: code flow and refresh tokens, no consent asked. */
  readonly applications: readonly Credentials[];
  /** Introspects the tokens meant for `OPAQUE_API`. */
  readonly api: Credentials;
  /** User names; all have the password `PASSWORD`. */
  readonly people: readonly string[];
}

export const MACHINES = 20;
export const APPLICATIONS = 20;
export const PEOPLE = 200;

export const JWT_API = "https://orders.example.com";
export const OPAQUE_API = "https://files.example.com";
export const API_SCOPE = "files:read";

export const PASSWORD = "correct horse battery staple";
export const REDIRECT_URI = "https://application.example.com/callback";

export const MACHINE_METADATA = {
  token_endpoint_auth_method: "client_secret_basic",
  grant_types: ["client_credentials"],
  response_types: [],
  redirect_uris: [],
};

export const APPLICATION_METADATA = {
  token_endpoint_auth_method: "client_secret_basic",
  grant_types: ["authorization_code", "refresh_token"],
  response_types: ["code"],
  redirect_uris: [REDIRECT_URI],
};

/** The claims that every person has besides name and address. */
export const PROFILE = { name: "Ada Example", given_name: "Ada", family_name: "Example" };

export const emailOf = (username: string) => `${username}@example.com`;
