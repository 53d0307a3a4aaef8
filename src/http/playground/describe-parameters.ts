import type { ClaimRow } from "./describe-token.js";

const MEANINGS: Readonly<Record<string, string>> = {
  response_type: "A code is asked for",
  client_id: "Who asks",
  redirect_uri: "Where the browser is sent back to",
  scope: "What is asked for",
  resource: "Which API the access token is for (RFC 8707)",
  prompt: "What the server must show, even if it need not",
  state: "Ties the answer to this browser",
  nonce: "Ties the ID token to this request",
  code_challenge: "The hash of the code verifier (RFC 7636)",
  code_challenge_method: "How it was hashed",
  code: "Is redeemed for tokens, once, within a minute",
  iss: "Who answers (RFC 9207)",
  error: "What went wrong",
  error_description: "The same in words",
  id_token_hint: "Whose session is to end",
  post_logout_redirect_uri: "Where the browser is sent back to",
};

export function describeParameters(parameters: Iterable<readonly [string, string]>): ClaimRow[] {
  return Array.from(parameters, ([name, value]) => ({
    name,
    value,
    meaning: (Object.hasOwn(MEANINGS, name) ? MEANINGS[name] : undefined) ?? "",
  }));
}
