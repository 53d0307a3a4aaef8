import type { TokenExchangePolicy } from "../../src/clients/token-exchange-policy-store.js";
import { connect, type Parameters, type RelyingParty } from "./relying-party-libraries.js";
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
export const OPAQUE_STOCK = "https://stock.example.com/opaque";

export interface SignedInForExchange {
  readonly token: string;
  readonly refreshToken: string;
  readonly subject: string;
}

/** A shop that sends people's tokens to an API, which calls others in their name. */
export interface Exchanges {
  readonly application: TestClient;
  readonly shop: RelyingParty;
  /** The client that is the API which people's tokens are for. */
  readonly service: TestClient;
  readonly orders: RelyingParty;
  readonly agent: UserAgent;
  /** A person's token for `resource`; for userinfo when that is empty. */
  signIn(resource?: string, scope?: string): Promise<SignedInForExchange>;
  allow(policy?: Partial<TokenExchangePolicy>): Promise<void>;
}

/** The APIs that `createExchanges` knows. */
export async function createExchangeApis(server: TestServer): Promise<void> {
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
      // What is exchanged needs no permission to ask for tokens of its own.
      open: identifier === OPAQUE_STOCK,
    });
  }
}

/** Clients of their own, so that nothing is allowed yet. @param source what the service is. */
export async function createExchanges(
  server: TestServer,
  source: string = OPAQUE_API,
): Promise<Exchanges> {
  const application = await createTestClient(server);
  const shop = await connect(server, application);
  const service = await createMachineClient(server, {}, { resourceServer: source });
  const agent = createUserAgent(server.issuer);
  return {
    application,
    shop,
    service,
    orders: await connect(server, service),
    agent,
    async signIn(resource = source, scope = "openid orders:read orders:write") {
      const target: Parameters = resource === "" ? {} : { resource };
      const attempt = await shop.begin({ ...target, scope });
      const callback = await authorize(agent, attempt.url, server);
      const tokens = await shop.redeem(attempt, callback, target);
      const refreshToken = tokens.refresh_token ?? "";
      const subject = String(tokens.claims?.["sub"]);
      return { token: tokens.access_token, refreshToken, subject };
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
