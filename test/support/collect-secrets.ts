import { generateDpopKey } from "./dpop-proof.js";
import { register } from "./registration-endpoint.js";
import { connect, LIBRARIES } from "./relying-party-libraries.js";
import { laterBy } from "./shift-time.js";
import { signInWith } from "./sign-in-with.js";
import { createTestKey } from "./test-key.js";
import {
  API,
  OPAQUE_API,
  REDIRECT_URI,
  createMachineClient,
  createTestApis,
  createTestClient,
} from "./test-client.js";
import type { TestServer } from "./test-server.js";
import { authorize, createUserAgent, type UserAgent } from "./user-agent.js";

const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";

/** Uses every flow of the server. @returns every secret that came up, by what it is. */
export async function collectSecrets(server: TestServer): Promise<ReadonlyMap<string, string>> {
  const secrets = new Map<string, string>();
  await createTestApis(server);
  keep("password", server.password);
  await signInAndRefresh();
  await machines();
  await pushedAndPending();
  await deviceFlow();
  await registration();
  return secrets;

  function keep(name: string, secret: string | undefined): void {
    if (secret === undefined || secret.length < 8) throw new Error(`no ${name}`);
    secrets.set(name, secret);
  }

  function keepCookies(of: string, agent: UserAgent): void {
    for (const { name, value } of agent.cookies) {
      // The request's copy is sealed, and the interaction's id stands in its address.
      if (name.endsWith("session")) keep(`${of}: cookie ${name}`, value);
    }
  }

  async function signInAndRefresh(): Promise<void> {
    for (const library of LIBRARIES) {
      const client = await createTestClient(server);
      keep(`${library.name}: client secret`, client.clientSecret);
      const rp = await library.connect(server, client);
      const { agent, tokens, callback, subject } = await signInWith(server, rp, {
        parameters: { scope: "openid email offline_access", prompt: "consent" },
      });
      keep(`${library.name}: code`, callback.searchParams.get("code") ?? undefined);
      keep(`${library.name}: access token`, tokens.access_token);
      keep(`${library.name}: refresh token`, tokens.refresh_token);
      keep(`${library.name}: ID token`, tokens.id_token);
      keepCookies(library.name, agent);
      const next = await rp.refresh(tokens.refresh_token ?? "");
      keep(`${library.name}: rotated refresh token`, next.refresh_token);
      keep(`${library.name}: second access token`, next.access_token);
      await rp.userinfo(next.access_token, subject);
      await rp.introspect(next.access_token);
      await rp.refresh(tokens.refresh_token ?? "").catch(() => undefined);
      await rp.revoke(next.access_token);
    }
  }

  async function machines(): Promise<void> {
    const client = await createMachineClient(server);
    keep("machine secret", client.clientSecret);
    const machine = await connect(server, client, { dpop: await generateDpopKey() });
    for (const resource of [API, OPAQUE_API]) {
      const parameters = { resource, scope: "orders:read" };
      const { access_token } = await machine.clientCredentials(parameters);
      keep(`token for ${resource}`, access_token);
    }
    const rotated = await server.app.clientAdministration.rotateSecret(client.clientId);
    keep("rotated secret", rotated.clientSecret);
    const key = await createTestKey();
    const signer = await createMachineClient(server, {
      token_endpoint_auth_method: "private_key_jwt",
      jwks: key.jwks,
    });
    const signed = await connect(server, signer, { authentication: key });
    keep("token of a signer", (await signed.clientCredentials()).access_token);
  }

  /** Requests that are pushed, under way, waiting for consent, or have a code that nobody fetched. */
  async function pushedAndPending(): Promise<void> {
    const rp = await connect(server, await createTestClient(server));
    const pushed = await rp.begin({}, { pushed: true });
    const uri = pushed.url.searchParams.get("request_uri") ?? "";
    keep("pushed request", uri.split(":").at(-1));
    const agent = createUserAgent(server.issuer);
    const login = await agent.open(pushed.url);
    const fields = { identifier: server.username, password: server.password };
    await agent.submit(login, fields, { action: /\/login$/ });
    keepCookies("pending", agent);
    const attempt = await rp.begin();
    const callback = await authorize(createUserAgent(server.issuer), attempt.url, server);
    keep("code that nobody fetched", callback.searchParams.get("code") ?? undefined);
  }

  async function deviceFlow(): Promise<void> {
    const client = await createTestClient(server, {
      grant_types: [DEVICE_GRANT, "refresh_token"],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: "none",
    });
    const tv = await connect(server, client);
    const pending = await tv.startDevice();
    keep("device code that waits", pending.device_code);
    // As it is typed, and as the library compares it.
    keep("user code", pending.user_code);
    keep("user code without its hyphen", pending.user_code.replace("-", ""));
    await tv.pollDevice(pending.device_code).catch(() => undefined);
    const device = await tv.startDevice();
    keep("device code", device.device_code);
    const agent = createUserAgent(server.issuer);
    const entered = await agent.submit(await agent.open(device.verification_uri), {
      user_code: device.user_code,
    });
    const login = await agent.submit(entered, { confirm: "yes" });
    const fields = { identifier: server.username, password: server.password };
    const consent = await agent.submit(login, fields, { action: /\/login$/ });
    await agent.submit(consent, { decision: "allow" }, { action: /\/consent$/ });
    keepCookies("device", agent);
    const tokens = await laterBy(5, () => tv.pollDevice(device.device_code));
    keep("device's access token", tokens.access_token);
    keep("device's refresh token", tokens.refresh_token);
  }

  async function registration(): Promise<void> {
    const initial = await server.app.clientAdministration.createInitialAccessToken(undefined);
    keep("initial access token", initial);
    const client = await register(server, { redirect_uris: [REDIRECT_URI] });
    keep("registered secret", client.clientSecret);
    keep("registration access token", client.registrationToken);
  }
}

/** The secret as it is, and as a store or log might have turned it without protecting it. */
export function spellingsOf(secret: string): [string, string][] {
  const bytes = Buffer.from(secret);
  return [
    ["as it is", secret],
    ["base64", bytes.toString("base64").replace(/=+$/, "")],
    ["base64url", bytes.toString("base64url")],
    ["hex", bytes.toString("hex")],
    ["URL-encoded", encodeURIComponent(secret)],
  ];
}
