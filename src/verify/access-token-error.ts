/** What a client is told (RFC 6750 §3.1, RFC 9449 §7.1 and §9, RFC 9470 §3). */
export type AccessTokenErrorCode = keyof typeof STATUS;

/** What went wrong, for logs and metrics; a client is told less. */
export type AccessTokenProblem =
  | "no_token"
  | "several_tokens"
  | "bad_credentials"
  | "malformed"
  | "header"
  | "algorithm"
  | "type"
  | "unknown_key"
  | "signature"
  | "issuer"
  | "audience"
  | "expired"
  | "not_yet_valid"
  | "claims"
  | "revoked"
  | "inactive"
  | "no_status"
  | "binding"
  | "proof"
  | "proof_replayed"
  | "nonce"
  | "scope"
  | "acr"
  | "max_age"
  | "keys_unavailable"
  | "status_unavailable"
  | "introspection_unavailable"
  | "replay_store_full";

const STATUS = {
  /** No token was sent; RFC 6750 §3.1 wants no error code then. */
  token_required: 401,
  invalid_request: 400,
  invalid_token: 401,
  insufficient_scope: 403,
  insufficient_user_authentication: 401,
  invalid_dpop_proof: 401,
  use_dpop_nonce: 401,
  /** The verifier cannot know: keys, list, introspection or replay store are out of reach. */
  temporarily_unavailable: 503,
} as const;

/** For every problem what the client is told: a code and a sentence without any detail of the token. */
const ANSWERS: Readonly<Record<AccessTokenProblem, readonly [AccessTokenErrorCode, string]>> = {
  no_token: ["token_required", "an access token is required"],
  several_tokens: ["invalid_request", "send one access token, in one Authorization header"],
  bad_credentials: ["invalid_request", "the Authorization header is malformed"],
  malformed: ["invalid_token", "the access token is malformed"],
  header: ["invalid_token", "the access token has a header that is not allowed"],
  algorithm: ["invalid_token", "the access token is signed with an algorithm that is not allowed"],
  type: ["invalid_token", "the token is not an access token"],
  unknown_key: ["invalid_token", "the access token is signed with an unknown key"],
  signature: ["invalid_token", "the signature of the access token is wrong"],
  issuer: ["invalid_token", "the access token is of another issuer"],
  audience: ["invalid_token", "the access token is for another API"],
  expired: ["invalid_token", "the access token has expired"],
  not_yet_valid: ["invalid_token", "the access token is not valid yet"],
  claims: ["invalid_token", "the access token lacks a claim, or has one that is malformed"],
  revoked: ["invalid_token", "the access token was revoked"],
  inactive: ["invalid_token", "the access token is unknown, expired or revoked"],
  no_status: ["invalid_token", "the status of the access token cannot be found"],
  binding: ["invalid_token", "the access token is bound to a key that was not shown"],
  proof: ["invalid_dpop_proof", "the DPoP proof is missing or wrong"],
  proof_replayed: ["invalid_dpop_proof", "the DPoP proof was used before"],
  nonce: ["use_dpop_nonce", "the DPoP proof needs the nonce of this API"],
  scope: ["insufficient_scope", "the access token lacks a scope that this needs"],
  acr: ["insufficient_user_authentication", "this needs a stronger sign-in"],
  max_age: ["insufficient_user_authentication", "this needs a more recent sign-in"],
  keys_unavailable: ["temporarily_unavailable", "the access token cannot be checked now"],
  status_unavailable: ["temporarily_unavailable", "the access token cannot be checked now"],
  introspection_unavailable: ["temporarily_unavailable", "the access token cannot be checked now"],
  replay_store_full: ["temporarily_unavailable", "the DPoP proof cannot be checked now"],
};

export interface AccessTokenErrorOptions {
  readonly cause?: unknown;
  readonly scheme?: "Bearer" | "DPoP";
}

/**
 * The only error that verification throws. `code` and `message` may be told to anyone, `problem` is
 * for your logs, `cause` (what a fetch or a signature check said) never leaves the process.
 */
export class AccessTokenError extends Error {
  readonly code: AccessTokenErrorCode;
  readonly problem: AccessTokenProblem;
  /** HTTP status of the answer. */
  readonly status: number;
  /** How the token was sent. */
  readonly scheme: "Bearer" | "DPoP";

  constructor(problem: AccessTokenProblem, options: AccessTokenErrorOptions = {}) {
    const [code, message] = ANSWERS[problem];
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AccessTokenError";
    this.code = code;
    this.problem = problem;
    this.status = STATUS[code];
    this.scheme = options.scheme ?? "Bearer";
  }
}
