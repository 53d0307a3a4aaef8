import type { JsonWebKey } from "node:crypto";
import {
  ClientSecretBasic,
  ClientSecretPost,
  None,
  PrivateKeyJwt,
  type ClientAuth,
  type ServerMetadata,
} from "openid-client";
import type { Sealer } from "../lib/seal.js";
import { FederationError } from "./federation-error.js";
import { secretContext } from "./secret-context.js";
import type { UpstreamProvider } from "./upstream-provider.js";

export type AssertionAlgorithm = "ES256" | "RS256";

/** A signing key of this server, which its JWKS publishes. */
export interface AssertionKey extends JsonWebKey {
  readonly kid: string;
}

export interface ClientAuthenticationDeps {
  readonly sealer: Sealer;
  readonly assertionKey: (algorithm: AssertionAlgorithm) => AssertionKey;
}

/**
 * How we prove ourselves to a provider. Assertions are signed with the key that signs now: it is in
 * our JWKS since before it does.
 *
 * @throws FederationError `upstream_rejects_us` when the secret cannot be opened.
 */
export async function createClientAuthentication(
  provider: UpstreamProvider,
  metadata: ServerMetadata,
  { sealer, assertionKey }: ClientAuthenticationDeps,
): Promise<ClientAuth> {
  switch (provider.authentication) {
    case "none":
      return None();
    case "client_secret_basic":
      return ClientSecretBasic(requireSecret(provider, sealer));
    case "client_secret_post":
      return ClientSecretPost(requireSecret(provider, sealer));
    case "private_key_jwt": {
      const algorithm = chooseAlgorithm(metadata);
      const { kid, ...jwk } = assertionKey(algorithm);
      const key = await crypto.subtle.importKey("jwk", jwk, IMPORT[algorithm], false, ["sign"]);
      return PrivateKeyJwt({ key, kid });
    }
    default:
      return provider.authentication satisfies never;
  }
}

const IMPORT = {
  ES256: { name: "ECDSA", namedCurve: "P-256" },
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
};

/** RS256 where nothing is said: OpenID Connect Discovery §3 expects it of everybody. */
function chooseAlgorithm(metadata: ServerMetadata): AssertionAlgorithm {
  const supported = metadata.token_endpoint_auth_signing_alg_values_supported;
  return supported?.includes("ES256") === true ? "ES256" : "RS256";
}

function requireSecret({ id, sealedClientSecret }: UpstreamProvider, sealer: Sealer): string {
  const secret =
    sealedClientSecret === undefined
      ? undefined
      : sealer.open(sealedClientSecret, secretContext(id));
  if (secret !== undefined) return secret;
  const detail = `SECRET_KEY does not open the client secret of "${id}": store it again`;
  throw new FederationError("upstream_rejects_us", detail);
}
