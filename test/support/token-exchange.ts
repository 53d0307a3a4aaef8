import type { TokenExchangePolicy } from "../../src/clients/token-exchange-policy-store.js";
import { connect, type RelyingParty } from "./relying-party-libraries.js";
import {
  OPAQUE_API,
  createMachineClient,
  createTestApis,
  createTestClient,
  type TestClient,
} from "./test-client.js";
import type { TestServer } from "./test-server.js";
import { authorize, createUserAgent, type UserAgent } from "./user-agent.js";

/** Where exchanged tokens are for: takes JWTs; `OPAQUE_STOCK` opaque ones. */
export const STOCK = "https://stock.example.com";
const OPAQUE_STOCK = "https://stock.example.com/opaque";

/** A shop that sends people's tokens to an API, which calls others in their name. */
export interface Exchanges {
  readonly application: TestClient;
  readonly shop: RelyingParty;
  /** The client that is `OPAQUE_API`. */
  readonly service: TestClient;
  readonly orders: RelyingParty;
  readonly agent: UserAgent;
  /** A person's token for `resource`, or for userinfo. */
  signIn(resource?: string, scope?: string): Promise<{ token: string; subject: string }>;
  allow(policy?: Partial<TokenExchangePolicy>): Promise<void>;
}

export async function createExchanges(server: TestServer): Promise<Exchanges> {
  await createTestApis(server);
  const scopes = { "stock:read": "See what is there", "stock:move": "Move it", "orders:read": "" };
  const shared = { scopes, accessTokenAlgorithm: undefined, accessTokenSeconds: undefined };
  for (const [identifier, accessTokenFormat] of [
    [STOCK, "jwt"],
    [OPAQUE_STOCK, "opaque"],
  ] as const) {
    await server.app.resourceServers.create({
      ...shared,
      identifier,
      name: "Stock",
      accessTokenFormat,
    });
  }
  const application = await createTestClient(server);
  const shop = await connect(server, application);
  const service = await createMachineClient(server, {}, { resourceServer: OPAQUE_API });
  const agent = createUserAgent(server.issuer);
  return {
    application,
    shop,
    service,
    orders: await connect(server, service),
    agent,
    async signIn(resource = OPAQUE_API, scope = "openid orders:read orders:write") {
      const attempt = await shop.begin({ resource, scope });
      const callback = await authorize(agent, attempt.url, server);
      const tokens = await shop.redeem(attempt, callback, { resource });
      return { token: tokens.access_token, subject: String(tokens.claims?.["sub"]) };
    },
    allow: (policy = {}) =>
      server.app.tokenExchangePolicies.save({
        clientId: service.clientId,
        source: undefined,
        target: STOCK,
        kinds: ["impersonation"],
        scopes: ["stock:read", "stock:move"],
        ...policy,
      }),
  };
}
