/**
 * The package oidc-provider as it comes from npm, with its own development pages. It is what this
 * server is built on; what makes it another provider is how it is set up: nothing about the person is
 * in ID tokens, which are signed by ES256, and requests must be pushed.
 */
import { generateKeyPairSync } from "node:crypto";
import { createServer, type Server } from "node:http";
import { Provider, type ClientMetadata, type Configuration } from "oidc-provider";
import { findFreePorts } from "../free-port.js";
import { createUserAgent, type UserAgent } from "../user-agent.js";
import { addressesOf, type KillableUpstream, type UpstreamOptions } from "./upstream.js";

const CLIENT_ID = "a relying party";
const CLIENT_SECRET = "what the bare provider and its client share: + & % =";

export interface BareProvider extends KillableUpstream {
  /** Dies once it has sent the next person back, before anybody can exchange the code. */
  dieOnceAnswered(): void;
}

/** @param client what is registered of it besides, or otherwise. */
export async function startBareProvider(
  options: UpstreamOptions,
  client: Partial<ClientMetadata> = {},
): Promise<BareProvider> {
  const [port = 0] = await findFreePorts(1);
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, configure(options, client));
  /** By username. */
  const browsers = new Map<string, UserAgent>();
  let server: Server | undefined;
  let isDying = false;
  const self: BareProvider = {
    issuer,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    authentication: "client_secret_post",
    async signInAs({ username, password }, authorizationUrl) {
      const agent = createUserAgent(issuer);
      let page = await agent.open(authorizationUrl);
      for (let step = 0; step < 3 && page.status !== 303; step++) {
        const fields = page.html.includes('name="login"') ? { login: username, password } : {};
        page = await agent.submit(page, fields);
      }
      browsers.set(username, agent);
      return page.url;
    },
    async signOut({ username }) {
      const agent = browsers.get(username) ?? createUserAgent(issuer);
      const question = await agent.open(`${issuer}/session/end`);
      await agent.submit(question, { logout: "yes" });
    },
    async signInAtPages(page, { username, password }) {
      await page.getByPlaceholder("Enter any login").fill(username);
      await page.getByPlaceholder("and password").fill(password);
      await page.getByRole("button", { name: "Sign-in" }).click();
      // It asks whenever the grant of the last time has ended with its session.
      await page.getByRole("button", { name: "Continue" }).click();
      await page.waitForURL((url) => url.origin !== issuer);
    },
    async agreeToSignOut(page) {
      await page.getByRole("button", { name: "Yes, sign me out" }).click();
      await page.waitForURL((url) => url.origin !== issuer);
    },
    async signOutAtPages(page) {
      await page.goto(`${issuer}/session/end`);
      await page.getByRole("button", { name: "Yes, sign me out" }).click();
      await page.waitForURL(/success/);
    },
    async kill() {
      const stopping = server;
      server = undefined;
      if (stopping === undefined) return;
      const closed = new Promise((resolve) => stopping.close(resolve));
      stopping.closeAllConnections();
      await closed;
    },
    async start() {
      isDying = false;
      const handle = provider.callback();
      const { callback } = addressesOf(options);
      const next = createServer((request, response) => {
        response.once("finish", () => {
          const isAnswer = String(response.getHeader("Location")).startsWith(callback);
          if (isDying && isAnswer) void self.kill();
        });
        void handle(request, response);
      });
      await new Promise<void>((resolve) => next.listen(port, "127.0.0.1", resolve));
      server = next;
    },
    dieOnceAnswered() {
      isDying = true;
    },
    stop: () => self.kill(),
  };
  await self.start();
  return self;
}

function configure(options: UpstreamOptions, client: Partial<ClientMetadata>): Configuration {
  const { callback, signedOut, backChannelLogout } = addressesOf(options);
  return {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        token_endpoint_auth_method: "client_secret_post",
        redirect_uris: [callback],
        post_logout_redirect_uris: [signedOut],
        backchannel_logout_uri: backChannelLogout,
        backchannel_logout_session_required: true,
        id_token_signed_response_alg: "ES256",
        ...client,
      },
    ],
    claims: {
      openid: ["sub"],
      profile: ["name", "preferred_username"],
      email: ["email", "email_verified"],
    },
    features: {
      backchannelLogout: { enabled: true },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
    },
    findAccount: (_ctx, accountId) => {
      const person = options.people.find(({ username }) => username === accountId);
      if (person === undefined) return undefined;
      const { username, name, email, emailVerified } = person;
      const claims = { preferred_username: username, name, email, email_verified: emailVerified };
      return { accountId, claims: () => ({ sub: accountId, ...claims }) };
    },
    // Relying parties of tests are at loopback addresses, which it refuses otherwise.
    fetch: (url, init: RequestInit & { dispatcher?: unknown } = {}) => {
      const { dispatcher: _guard, ...rest } = init;
      return fetch(url, rest);
    },
    ttl: { Interaction: 600, Session: 3600, Grant: 3600, AccessToken: 600, IdToken: 600 },
    jwks: { keys: [newKey()] },
    cookies: { keys: ["the bare provider signs cookies"] },
  };
}

function newKey() {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { kty, crv, x, y, d } = privateKey.export({ format: "jwk" });
  if (kty === undefined || crv === undefined) throw new Error("no key");
  return { kty, crv, x: x ?? "", y: y ?? "", d: d ?? "", kid: "1", alg: "ES256", use: "sig" };
}
