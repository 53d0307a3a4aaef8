import { createFederatedSignIn } from "../accounts/federated-sign-in.js";
import { createLinkIdentity } from "../accounts/link-identity.js";
import { secretContext } from "../federation/secret-context.js";
import { declareProviders } from "../federation/declared-providers.js";
import { resealSecrets } from "../federation/reseal-secrets.js";
import { listForSignIn } from "../federation/sign-in-choices.js";
import { createUpstreamsOnDemand } from "../federation/upstreams-on-demand.js";
import { createPendingLinks } from "../http/federation/pending-link.js";
import { CALLBACK_PATH } from "../http/federation/upstream-callback.js";
import { createUpstreamOutboundFetch } from "../oidc/outbound-fetch.js";
import { createUpstreamAttempts } from "../oidc/upstream-attempts.js";
import { createUseOnce } from "../oidc/use-once.js";
import type { Foundation } from "./foundation.js";
import type { Tokens } from "./tokens.js";

export type Federation = ReturnType<typeof createFederation>;

/** Sign-in through other providers, without browsers. */
export function createFederation(foundation: Foundation, { keys }: Pick<Tokens, "keys">) {
  const { config, stores, secrets, issuer, clock } = foundation;
  const { upstreamProviders } = stores;
  const callbackUrl = issuer + CALLBACK_PATH;
  const upstreams = createUpstreamsOnDemand({
    outboundFetch: createUpstreamOutboundFetch(config.outboundAllowedHosts),
    sealer: secrets.upstreamSecrets,
    assertionKey: keys.signingKeys.signing,
    callbackUrl,
    clock,
  });
  return {
    ...upstreams,
    upstreamAttempts: createUpstreamAttempts({
      sealer: secrets.upstreamAttempts,
      useOnce: createUseOnce(stores.models, "upstream attempt"),
      clock,
    }),
    /** For the row of this provider. */
    sealUpstreamSecret: (id: string, secret: string) =>
      secrets.upstreamSecrets.seal(secret, secretContext(id)),
    callbackUrl,
    federatedSignIn: createFederatedSignIn({ ...foundation, ...stores }),
    linkIdentity: createLinkIdentity(stores),
    pendingLinks: createPendingLinks({
      ...foundation,
      sealer: secrets.pendingLinks,
      useOnce: createUseOnce(stores.models, "pending link"),
    }),
    jwksUrl: `${issuer}/jwks`,
    resealUpstreamSecrets: () =>
      resealSecrets({
        upstreamProviders,
        sealer: secrets.upstreamSecrets,
        newestSealer: secrets.newestUpstreamSecrets,
      }),
    declareProviders: () =>
      declareProviders(config.declaredProviders, {
        ...foundation,
        upstreamProviders,
        sealer: secrets.newestUpstreamSecrets,
      }),
    /** For the login page. */
    listForSignIn: () => listForSignIn(upstreamProviders),
  };
}
