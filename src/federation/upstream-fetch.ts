import type { CustomFetchOptions } from "openid-client";
import { FederationError } from "./federation-error.js";

/**
 * Requests to providers, by the outbound rules of the server (`oidc/outbound-fetch.ts`): to public
 * addresses and hosts that the operator named, redirects never followed.
 */
export type OutboundFetch = (url: string, init: RequestInit) => Promise<Response>;

export type UpstreamFetch = (url: string, options: CustomFetchOptions) => Promise<Response>;

/** 5 s: a person waits. Providers answer within 1 s. */
const TIMEOUT_MS = 5_000;
/** 256 KiB: discovery documents and key sets have some dozen. */
const MAX_BODY_BYTES = 256 * 1024;

/** The same, limited in time and size. @throws FederationError `upstream_unreachable` */
export function createUpstreamFetch(outboundFetch: OutboundFetch): UpstreamFetch {
  return async (url, { method, headers, body, redirect }) => {
    const { host } = new URL(url);
    try {
      const response = await outboundFetch(url, {
        method,
        headers,
        redirect,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(body === undefined || body === null ? {} : { body: toBody(body) }),
      });
      const content = await readBody(response);
      // A Response refuses a body where there can be none.
      const isEmpty = content.length === 0 || response.status === 204 || response.status === 304;
      return new Response(isEmpty ? null : content, {
        status: response.status,
        headers: response.headers,
      });
    } catch (err) {
      throw new FederationError("upstream_unreachable", `${host} ${describe(err)}`);
    }
  };
}

class BodyTooLargeError extends Error {}

async function readBody(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new BodyTooLargeError();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function toBody(body: NonNullable<CustomFetchOptions["body"]>): BodyInit {
  return body instanceof Uint8Array ? Buffer.from(body).toString("utf8") : body;
}

/** In words that follow a host. */
function describe(err: unknown): string {
  if (err instanceof BodyTooLargeError) return `answered with over ${MAX_BODY_BYTES} bytes`;
  if (!(err instanceof Error)) return "does not answer";
  if (err.name === "TimeoutError") return `does not answer within ${TIMEOUT_MS / 1000} s`;
  return describeNetwork(err.cause instanceof Error ? err.cause : err);
}

function describeNetwork(err: Error): string {
  if (err.message.includes("special-use IP address")) {
    return "is on a private network: name it in OUTBOUND_ALLOWED_HOSTS if it is meant";
  }
  const code = "code" in err && typeof err.code === "string" ? err.code : err.message;
  return NETWORK_PROBLEMS[code] ?? `does not answer (${code})`;
}

const NETWORK_PROBLEMS: Readonly<Record<string, string>> = {
  ENOTFOUND: "is a name that no address is known for",
  EAI_AGAIN: "is a name that could not be looked up just now",
  ECONNREFUSED: "does not take connections",
  ECONNRESET: "broke the connection off",
  UND_ERR_SOCKET: "broke the connection off",
  CERT_HAS_EXPIRED: "has a certificate that expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "has a certificate that it signed itself",
  SELF_SIGNED_CERT_IN_CHAIN: "has a certificate of an authority that is not known here",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "has a certificate of an authority that is not known here",
  ERR_TLS_CERT_ALTNAME_INVALID: "has a certificate for another name",
};
