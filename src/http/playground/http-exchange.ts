/** One HTTP request of the playground and what came of it. Owns the wire; knows nothing of OAuth. */

/** What is meant; the bytes on the wire and the `curl` command both follow from it. */
export interface PlaygroundRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  /** RFC 6749 §2.3.1. */
  readonly basic?: { readonly clientId: string; readonly clientSecret: string };
  /** RFC 6750 §2.1. */
  readonly bearer?: string;
  readonly form?: Readonly<Record<string, string>>;
}

export type Header = readonly [name: string, value: string];

/** As it goes over the wire, apart from what every HTTP client adds. */
export interface SentRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: readonly Header[];
  readonly body: string | undefined;
}

export interface ReceivedResponse {
  readonly status: number;
  readonly statusText: string;
  /** Those that say something about the protocol. */
  readonly headers: readonly Header[];
  readonly body: string;
  /** Undefined when the body is not a JSON object. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

export type Exchange =
  | { readonly response: ReceivedResponse }
  /** `failure` is a sentence. */
  | { readonly response: undefined; readonly failure: string };

/** 10 s: the server answers from the same machine; longer means that it hangs. */
const TIMEOUT_MS = 10_000;
/** 64 KiB: several times the longest answer of the protocol; more is not one, and is not kept. */
const MAX_BODY_CHARACTERS = 65_536;

const SHOWN_HEADERS = [
  "content-type",
  "cache-control",
  "location",
  "www-authenticate",
  "retry-after",
  "x-request-id",
];

export function toSentRequest({
  method,
  url,
  basic,
  bearer,
  form,
}: PlaygroundRequest): SentRequest {
  const headers: Header[] = [["Accept", "application/json"]];
  if (basic !== undefined) headers.push(["Authorization", `Basic ${encodeBasic(basic)}`]);
  if (bearer !== undefined) headers.push(["Authorization", `Bearer ${bearer}`]);
  if (form !== undefined) headers.push(["Content-Type", "application/x-www-form-urlencoded"]);
  return {
    method,
    url,
    headers,
    body: form === undefined ? undefined : new URLSearchParams(form).toString(),
  };
}

/** Never throws for what the other side does. Redirects are answers, too: they are not followed. */
export async function sendRequest({ method, url, headers, body }: SentRequest): Promise<Exchange> {
  try {
    const response = await fetch(url, {
      method,
      headers: headers.map(([name, value]): [string, string] => [name, value]),
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body }),
    });
    const text = await readText(response);
    return {
      response: {
        status: response.status,
        statusText: response.statusText,
        headers: SHOWN_HEADERS.flatMap((name): Header[] => {
          const value = response.headers.get(name);
          return value === null ? [] : [[titleCase(name), value]];
        }),
        body: text,
        json: parseObject(text),
      },
    };
  } catch (err) {
    return { response: undefined, failure: describeFailure(url, err) };
  }
}

/** The pair with each half form-encoded, so that a colon in one does not end it. */
export function formatBasicPair(basic: NonNullable<PlaygroundRequest["basic"]>): string {
  return `${formEncode(basic.clientId)}:${formEncode(basic.clientSecret)}`;
}

function formEncode(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1);
}

function encodeBasic(basic: NonNullable<PlaygroundRequest["basic"]>): string {
  return Buffer.from(formatBasicPair(basic)).toString("base64");
}

async function readText({ body }: Response): Promise<string> {
  let text = "";
  if (body === null) return text;
  for await (const part of body.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.length >= MAX_BODY_CHARACTERS) break;
  }
  return text.slice(0, MAX_BODY_CHARACTERS);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function titleCase(header: string): string {
  return header.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase());
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the connection was cut",
  UND_ERR_SOCKET: "the connection was cut",
  ENOTFOUND: "there is no such host",
};

function describeFailure(url: string, err: unknown): string {
  const where = URL.parse(url)?.host ?? url;
  if (err instanceof DOMException && err.name === "TimeoutError") {
    return `No answer came from ${where} within ${TIMEOUT_MS / 1000} seconds.`;
  }
  const code = findCode(err instanceof Error ? err.cause : undefined);
  return `No answer came from ${where}: ${REASONS[code] ?? "the request could not be sent"}.`;
}

function findCode(cause: unknown): string {
  return isRecord(cause) && typeof cause["code"] === "string" ? cause["code"] : "";
}
