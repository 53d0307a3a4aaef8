/** Authorization code with PKCE: the way to the server and the way back (RFC 6749 §4.1, RFC 7636). */
import { createHash } from "node:crypto";
import { randomToken } from "../../lib/random-token.js";
import { joinError } from "./describe-refusal.js";
import { findKeys, findMetadata } from "./discover.js";
import { clientAddresses, type ClientDeps } from "./playground-deps.js";
import {
  recordStep,
  type Check,
  type Parameter,
  type PendingAuthorization,
  type PlaygroundSession,
} from "./playground-session.js";
import { requestTokens } from "./token-request.js";

export interface AuthorizationChoice {
  readonly scope: string;
  readonly resource: string | undefined;
  readonly prompt: string | undefined;
}

/** The parameters of a callback; each undefined when it is absent or given twice. */
export type CallbackParameters = Readonly<Record<string, string | undefined>>;

/** 5: as many tabs as somebody tries at once. */
const MAX_PENDING = 5;

/** @returns where to send the browser; undefined when a step recorded in the session failed. */
export async function beginAuthorization(
  session: PlaygroundSession,
  choice: AuthorizationChoice,
  deps: ClientDeps,
): Promise<string | undefined> {
  const metadata = await findMetadata(session, deps.issuer);
  if (metadata === undefined) return undefined;
  const state = randomToken();
  const nonce = randomToken();
  const codeVerifier = randomToken();
  const url = new URL(metadata.authorization_endpoint);
  const parameters = {
    response_type: "code",
    client_id: deps.clientId,
    redirect_uri: clientAddresses(deps.issuer).redirectUri,
    scope: choice.scope,
    resource: choice.resource,
    prompt: choice.prompt,
    state,
    nonce,
    code_challenge: createHash("sha256").update(codeVerifier).digest("base64url"),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  const step = recordStep(session, {
    title: "Authorization request",
    purpose:
      "Your browser carries this request to the server, where you sign in and allow access. code_challenge is the hash of a secret, the code verifier, that so far only the playground knows (PKCE).",
    byBrowser: true,
    request: { method: "GET", url: url.href },
    curlNote:
      "The answer is a redirect to the sign-in page. Nobody signs in by this command, so it leads no further.",
    outcome: { kind: "waiting", text: "The browser has not come back with an answer yet." },
  });
  session.pending.push({ state, nonce, codeVerifier, resource: choice.resource, step });
  if (session.pending.length > MAX_PENDING) session.pending.shift();
  return url.href;
}

/** @returns false when no request of this session waits for this answer; nothing has changed then. */
export async function finishAuthorization(
  session: PlaygroundSession,
  answer: CallbackParameters,
  deps: ClientDeps,
): Promise<boolean> {
  const index = session.pending.findIndex(({ state }) => state === answer["state"]);
  const [request] = index < 0 ? [] : session.pending.splice(index, 1);
  if (request === undefined) return false;
  const code = judgeAnswer(request, answer, deps.issuer);
  if (code !== undefined) await redeemCode(session, { ...request, code }, deps);
  return true;
}

/** @returns the code when the answer may be used. */
function judgeAnswer(
  { step }: PendingAuthorization,
  answer: CallbackParameters,
  issuer: string,
): string | undefined {
  const { code, error, error_description: description, iss } = answer;
  const isFromIssuer = iss === issuer;
  step.answer = toParameters(answer);
  step.checks = [
    { passed: true, text: "state is the one that this browser was sent away with." },
    judgeIssuer(iss, issuer),
  ];
  // RFC 9207 §2.4: an answer of another server is not used, not even its error.
  if (!isFromIssuer) {
    step.outcome = { kind: "failure", text: "The answer is not from this server. It is not used." };
  } else if (error !== undefined) {
    step.outcome = {
      kind: "failure",
      text: `The server sent the browser back with an error: ${joinError(error, description)}`,
    };
  } else if (code === undefined) {
    step.outcome = { kind: "failure", text: "The answer holds neither a code nor an error." };
  } else {
    step.outcome = { kind: "success", text: "The browser came back with a code." };
    return code;
  }
  return undefined;
}

function judgeIssuer(iss: string | undefined, issuer: string): Check {
  if (iss === issuer)
    return { passed: true, text: "iss names the server that was asked (RFC 9207)." };
  const text =
    iss === undefined ? "iss is missing (RFC 9207)." : "iss names another server (RFC 9207).";
  return { passed: false, text };
}

function toParameters(answer: CallbackParameters): Parameter[] {
  return Object.entries(answer).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, value }],
  );
}

async function redeemCode(
  session: PlaygroundSession,
  request: PendingAuthorization & { readonly code: string },
  deps: ClientDeps,
): Promise<void> {
  const metadata = await findMetadata(session, deps.issuer);
  if (metadata === undefined) return;
  const { code, codeVerifier, nonce, resource } = request;
  // Before the code, so that the token request is the last step and thereby shown first.
  await findKeys(session, metadata);
  await requestTokens(
    session,
    {
      title: "Token request with the code",
      purpose:
        "The playground redeems the code without the browser. It proves who it is with its client secret, and that it made the request with the code verifier.",
      curlNote:
        "This code is used up. Sent again it is refused, and the server ends the tokens that it gave for it.",
      form: {
        grant_type: "authorization_code",
        code,
        redirect_uri: clientAddresses(deps.issuer).redirectUri,
        code_verifier: codeVerifier,
        ...(resource === undefined ? {} : { resource }),
      },
      resource,
      nonce,
      metadata,
    },
    deps,
  );
}
