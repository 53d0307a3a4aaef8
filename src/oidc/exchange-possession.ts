import { X509Certificate, hash } from "node:crypto";
import {
  errors,
  type AccessToken,
  type Provider,
  type TokenEndpointGrantContext,
} from "oidc-provider";
import * as steps from "./grant-steps.js";

/** The keys that a client has shown to hold in this request. */
export interface Possession {
  /** As `confirmationsOf` has them. */
  readonly confirmations: ReadonlySet<string>;
  /** Binds a token to them (RFC 9449 §5, RFC 8705 §3). The proof is used up. */
  bind(token: AccessToken): Promise<void>;
}

/**
 * @throws errors.InvalidDpopProof, errors.UseDpopNonce, and errors.InvalidRequest when the client has
 *   registered to be bound always and shows nothing.
 */
export async function requirePossession(
  provider: Provider,
  ctx: TokenEndpointGrantContext,
): Promise<Possession> {
  const dpop = await steps.validateDpop(provider, ctx);
  steps.checkDpopRequired(provider, ctx, dpop, errors.InvalidRequest);
  const certificate = steps.checkMtlsCert(provider, ctx, errors.InvalidRequest);
  return {
    confirmations: new Set(
      confirmationsOf({
        jkt: dpop?.thumbprint,
        "x5t#S256":
          certificate instanceof X509Certificate
            ? hash("sha256", certificate.raw, "base64url")
            : undefined,
      }),
    ),
    async bind(token) {
      if (certificate !== undefined) token.setThumbprint("x5t", certificate);
      if (dpop === undefined) return;
      await steps.checkDpopReplay(provider, ctx, dpop, ctx.oidc.client.clientId);
      token.setThumbprint("jkt", dpop.thumbprint);
    },
  };
}

/** Each member of a `cnf` claim (RFC 7800 §3.1) as one text, so that they can be compared. */
export function confirmationsOf(cnf: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(cnf)
    .filter(([, value]) => value !== undefined)
    .map((member) => JSON.stringify(member));
}
