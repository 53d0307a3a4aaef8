/** What the playground learns of the server: its discovery document and its keys, nothing else. */
import { parseKeySet, type KeySet } from "../../tokens/verify-id-token.js";
import { describeRefusal } from "./describe-refusal.js";
import { sendRequest, toSentRequest, type PlaygroundRequest } from "./http-exchange.js";
import { recordStep, type PlaygroundSession } from "./playground-session.js";

const ENDPOINTS = [
  "authorization_endpoint",
  "token_endpoint",
  "jwks_uri",
  "userinfo_endpoint",
  "introspection_endpoint",
  "revocation_endpoint",
  "end_session_endpoint",
] as const;

export type IssuerMetadata = Readonly<Record<(typeof ENDPOINTS)[number], string>>;

export type Discovery =
  | { readonly metadata: IssuerMetadata }
  /** `problem` is a sentence. */
  | { readonly metadata: undefined; readonly problem: string };

/** OpenID Connect Discovery §4; the document of another issuer is refused (§4.3). */
export function parseMetadata(
  document: Readonly<Record<string, unknown>>,
  issuer: string,
): Discovery {
  if (document["issuer"] !== issuer) {
    return { metadata: undefined, problem: `The document is not about ${issuer}.` };
  }
  if (isComplete(document)) return { metadata: document };
  const missing = ENDPOINTS.filter((name) => !isUrl(document[name]));
  return { metadata: undefined, problem: `The document lacks ${missing.join(", ")}.` };
}

export function discoveryRequest(issuer: string): PlaygroundRequest {
  return { method: "GET", url: `${issuer}/.well-known/openid-configuration` };
}

/** The metadata, asked for once in a session; undefined when the step recorded for it failed. */
export async function findMetadata(
  session: PlaygroundSession,
  issuer: string,
): Promise<IssuerMetadata | undefined> {
  if (session.metadata !== undefined) return session.metadata;
  const request = discoveryRequest(issuer);
  const exchange = await sendRequest(toSentRequest(request));
  const document = exchange.response?.status === 200 ? exchange.response.json : undefined;
  const found =
    document === undefined
      ? { metadata: undefined, problem: describeRefusal(exchange) }
      : parseMetadata(document, issuer);
  recordStep(session, {
    title: "Discovery",
    purpose: "The playground knows the issuer. Where its endpoints are, it reads in this document.",
    request,
    response: exchange.response,
    outcome:
      found.metadata === undefined
        ? { kind: "failure", text: found.problem }
        : { kind: "success", text: "The document is about this issuer and names every endpoint." },
  });
  session.metadata = found.metadata;
  return found.metadata;
}

/** The keys that check signatures, asked for once in a session; undefined as above. */
export async function findKeys(
  session: PlaygroundSession,
  { jwks_uri }: IssuerMetadata,
): Promise<KeySet | undefined> {
  if (session.keys !== undefined) return session.keys;
  const request: PlaygroundRequest = { method: "GET", url: jwks_uri };
  const exchange = await sendRequest(toSentRequest(request));
  session.keys =
    exchange.response?.status === 200 ? parseKeySet(exchange.response.json) : undefined;
  recordStep(session, {
    title: "Signing keys",
    purpose: "With these public keys the playground checks who signed a token.",
    request,
    response: exchange.response,
    outcome:
      session.keys === undefined
        ? { kind: "failure", text: describeRefusal(exchange) }
        : { kind: "success", text: `The server signs with ${countKeys(session.keys)}.` },
  });
  return session.keys;
}

function countKeys({ keys }: KeySet): string {
  return keys.length === 1 ? "1 key" : `${keys.length} keys`;
}

function isComplete(document: Readonly<Record<string, unknown>>): document is IssuerMetadata {
  return ENDPOINTS.every((name) => isUrl(document[name]));
}

function isUrl(value: unknown): boolean {
  return typeof value === "string" && /^https?:$/.test(URL.parse(value)?.protocol ?? "");
}
