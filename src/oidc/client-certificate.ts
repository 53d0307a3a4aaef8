import { X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Configuration } from "oidc-provider";

/** RFC 9440 §2.2: a byte sequence of Structured Fields (RFC 8941 §3.3.5). */
const BYTE_SEQUENCE = /^:([A-Za-z0-9+/]+=*):$/;
const BASE64 = /^[A-Za-z0-9+/]+=*$/;

/**
 * The certificate that a client proved to have in the TLS connection of a request (RFC 8705 §3),
 * which the proxy that ends TLS tells in a header: RFC 9440's `Client-Cert`, nginx's
 * `$ssl_client_escaped_cert`, or base64 of DER or PEM. Undefined when there is none, and when what is
 * there is no single certificate, as where a client sends the header and the proxy adds another.
 *
 * The header is the word of the proxy: whoever is none must have lost it before (`http/pin-origin.ts`).
 *
 * @param header in lower case.
 */
function createFindClientCertificate(header: string) {
  return ({ req }: { readonly req: IncomingMessage }): X509Certificate | undefined => {
    const value = req.headers[header];
    return typeof value === "string" ? parseCertificate(value.trim()) : undefined;
  };
}

/**
 * Tokens that are bound to a client's certificate, and authentication by a self-signed one whose
 * fingerprint is registered (RFC 8705 §2.2, §3). Not by certificates of an authority (§2.1): whether
 * such a one was verified is another thing that only the proxy could say.
 *
 * @param header undefined: certificates of clients are not known.
 */
export function createMutualTls(
  header: string | undefined,
): NonNullable<NonNullable<Configuration["features"]>["mTLS"]> {
  if (header === undefined) return { enabled: false };
  return {
    enabled: true,
    certificateBoundAccessTokens: true,
    selfSignedTlsClientAuth: true,
    getCertificate: createFindClientCertificate(header),
  };
}

function parseCertificate(text: string): X509Certificate | undefined {
  const bytes = BYTE_SEQUENCE.exec(text)?.[1] ?? (BASE64.test(text) ? text : undefined);
  try {
    return new X509Certificate(
      bytes === undefined ? decodeURIComponent(text) : Buffer.from(bytes, "base64"),
    );
  } catch {
    // The library refuses the client like one that has none.
    return undefined;
  }
}
