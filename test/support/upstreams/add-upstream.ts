import {
  completeProvider,
  type NewUpstreamProvider,
} from "../../../src/federation/complete-provider.js";
import type { TestServer } from "../test-server.js";
import type { Upstream } from "./upstream.js";

/** Makes a provider known to the server under test, as an operator would. */
export async function addUpstream(
  { app }: Pick<TestServer, "app">,
  {
    issuer,
    clientId,
    clientSecret,
    authentication,
  }: Pick<Upstream, "issuer" | "clientId" | "clientSecret" | "authentication">,
  given: Partial<NewUpstreamProvider> & { readonly id: string },
): Promise<void> {
  await app.upstreamProviders.create(
    completeProvider({
      issuer,
      clientId,
      authentication,
      sealedClientSecret: app.sealUpstreamSecret(given.id, clientSecret),
      emailAuthoritativeFor: ["*"],
      ...given,
    }),
  );
}
