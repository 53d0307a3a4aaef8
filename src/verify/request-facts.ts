import type { X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** What the verifier has to know of a request, whatever framework it came through. */
export interface RequestFacts {
  readonly method: string;
  /** Path and query as the client sent them, or an absolute URL. */
  readonly url: string;
  /** Every `Authorization` header, as it came. */
  readonly authorization: readonly string[];
  /** Every `DPoP` header, as it came. */
  readonly dpop: readonly string[];
  /** The client's certificate, when TLS (yours, or your proxy's) has verified that it holds the key. */
  readonly certificate?: ClientCertificate | undefined;
}

/** DER, PEM, or Node's own. */
export type ClientCertificate = Uint8Array | string | X509Certificate;

/** Duplicates are kept apart: Node would drop all but the first `Authorization`. */
export function nodeRequestFacts(
  request: IncomingMessage & { readonly originalUrl?: string },
  certificate?: ClientCertificate,
): RequestFacts {
  const { headersDistinct } = request;
  return {
    method: request.method ?? "",
    // Frameworks change `url` for what is mounted below a path.
    url: request.originalUrl ?? request.url ?? "",
    authorization: headersDistinct["authorization"] ?? [],
    dpop: headersDistinct["dpop"] ?? [],
    certificate,
  };
}

/** `Headers` joins duplicates by commas, which no token and no proof contains. */
export function fetchRequestFacts(request: Request, certificate?: ClientCertificate): RequestFacts {
  const list = (name: string) => {
    const value = request.headers.get(name);
    return value === null ? [] : [value];
  };
  return {
    method: request.method,
    url: request.url,
    authorization: list("Authorization"),
    dpop: list("DPoP"),
    certificate,
  };
}
