import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from "openid-client";
import { FederationError, type FederationProblem } from "./federation-error.js";

/** RFC 6749 §4.1.2.1 and OpenID Connect Core §3.1.2.6; whatever else comes is the provider's no. */
const AUTHORIZATION_ERRORS: Readonly<Record<string, FederationProblem>> = {
  access_denied: "upstream_refused",
  temporarily_unavailable: "upstream_busy",
  server_error: "upstream_busy",
  login_required: "upstream_needs_person",
  interaction_required: "upstream_needs_person",
  account_selection_required: "upstream_needs_person",
  consent_required: "upstream_needs_person",
  invalid_request: "upstream_rejects_us",
  invalid_request_uri: "upstream_rejects_us",
  invalid_scope: "upstream_rejects_us",
  unauthorized_client: "upstream_rejects_us",
  unsupported_response_type: "upstream_rejects_us",
};

/** RFC 6749 §5.2, and what GitHub and Glewlwyd call the same. */
const TOKEN_ERRORS: Readonly<Record<string, FederationProblem>> = {
  invalid_grant: "code_refused",
  bad_verification_code: "code_refused",
  invalid_code: "code_refused",
  temporarily_unavailable: "upstream_busy",
};

/** Whatever the protocol with a provider fails with, as one of our problems; others stay. */
export function toFederationError(err: unknown): FederationError {
  const own = findOwn(err);
  if (own !== undefined) return own;
  if (err instanceof AuthorizationResponseError) {
    const problem = AUTHORIZATION_ERRORS[err.error] ?? "upstream_refused";
    return new FederationError(problem, describe(err));
  }
  if (err instanceof ResponseBodyError) return new FederationError(problemOf(err), describe(err));
  if (err instanceof WWWAuthenticateChallengeError) {
    return new FederationError("upstream_rejects_us", `an answer with status ${err.status}`);
  }
  if (err instanceof ClientError && err.cause instanceof Response) return fromStatus(err.cause);
  // Its causes hold tokens and claims, which no log may have.
  return new FederationError("upstream_invalid", innermostMessage(err));
}

function problemOf({ status, error }: ResponseBodyError): FederationProblem {
  return status >= 500 ? "upstream_busy" : (TOKEN_ERRORS[error] ?? "upstream_rejects_us");
}

function fromStatus({ status }: Response): FederationError {
  const problem = status >= 500 || status === 429 ? "upstream_busy" : "upstream_invalid";
  return new FederationError(problem, `an answer with status ${status}`);
}

function findOwn(err: unknown): FederationError | undefined {
  if (err instanceof FederationError) return err;
  return err instanceof Error ? findOwn(err.cause) : undefined;
}

/** What a stranger wrote, cut to what fits a line. */
function describe({
  error,
  error_description: words,
}: Pick<ResponseBodyError, "error" | "error_description">): string {
  return printable(words === undefined ? error : `${error}: ${words}`);
}

function innermostMessage(err: unknown): string {
  if (!(err instanceof Error)) return "an unknown failure";
  return err.cause instanceof Error ? innermostMessage(err.cause) : printable(err.message);
}

function printable(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, " ").slice(0, 300);
}
