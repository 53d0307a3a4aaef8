/** What a browser got from an authenticator, in the JSON that `RegistrationResponseJSON` and `AuthenticationResponseJSON` of Web Authentication Level 3 §5.1 are. All of it is for the verifier to judge. */
export interface PostedCredential {
  readonly id: string;
  readonly clientDataJson: string;
  /** Of a new one. */
  readonly attestationObject: string;
  readonly transports: readonly string[];
  /** False: the authenticator says that it does not find it by itself. */
  readonly isDiscoverable: boolean | undefined;
  /** Of a sign-in. */
  readonly authenticatorData: string;
  readonly signature: string;
  readonly userHandle: string | undefined;
}

/** 1023 bytes in base64url (§5.1, "Credential ID"). */
const MAX_ID_LENGTH = 1364;
const MAX_TRANSPORTS = 8;
const BASE64URL = /^[A-Za-z0-9_-]+$/;
const TRANSPORT = /^[a-z-]{1,20}$/;

/** @returns undefined for what no browser sends. */
export function parsePostedCredential(json: string): PostedCredential | undefined {
  const posted = objectAt(parseJson(json));
  const response = objectAt(posted["response"]);
  const id = textAt(posted["id"]);
  if (!BASE64URL.test(id) || id.length > MAX_ID_LENGTH) return undefined;
  if (posted["type"] !== "public-key" || posted["rawId"] !== id) return undefined;
  const clientDataJson = textAt(response["clientDataJSON"]);
  if (isEmbedded(clientDataJson)) return undefined;
  const { rk } = objectAt(objectAt(posted["clientExtensionResults"])["credProps"]);
  const userHandle = textAt(response["userHandle"]);
  return {
    id,
    clientDataJson,
    attestationObject: textAt(response["attestationObject"]),
    transports: transportsAt(response["transports"]),
    isDiscoverable: typeof rk === "boolean" ? rk : undefined,
    authenticatorData: textAt(response["authenticatorData"]),
    signature: textAt(response["signature"]),
    userHandle: userHandle === "" ? undefined : userHandle,
  };
}

/** In a page of somebody else, where no page of ours ever is (§5.8.1, `crossOrigin`). */
function isEmbedded(clientDataJson: string): boolean {
  const clientData = parseJson(Buffer.from(clientDataJson, "base64url").toString());
  return objectAt(clientData)["crossOrigin"] === true;
}

function transportsAt(value: unknown): string[] {
  const texts = Array.isArray(value) ? value.map(textAt) : [];
  return texts.filter((text) => TRANSPORT.test(text)).slice(0, MAX_TRANSPORTS);
}

function textAt(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function objectAt(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value))
    : {};
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
