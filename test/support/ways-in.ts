import type { AccountId } from "../../src/accounts/account.js";
import { createChallenge, createDirectClient, membersOf } from "./first-party.js";
import { givePasskey } from "./give-passkey.js";
import { createKeptMailbox, type KeptMailbox } from "./kept-mail.js";
import { answerPasskey } from "./passkey-forms.js";
import { connect, type RelyingParty } from "./relying-party-libraries.js";
import { createTestClient, REDIRECT_URI, type TestClient } from "./test-client.js";
import { startTestServer, type TestServer } from "./test-server.js";
import { postForm } from "./token-endpoint.js";
import { addUpstream } from "./upstreams/add-upstream.js";
import { startBareProvider } from "./upstreams/bare-oidc-provider.js";
import type { KillableUpstream, UpstreamPerson } from "./upstreams/upstream.js";
import { goToUpstream } from "./upstreams/walk.js";
import { createUserAgent, type Page, type UserAgent } from "./user-agent.js";

const PASSWORD = "a long passphrase of somebody";
const MFA = "urn:latchkey:acr:mfa";
export const PEOPLE: readonly UpstreamPerson[] = Array.from({ length: 80 }, (_, index) => ({
  username: `person${index}`,
  password: "whatever the provider takes",
  name: "Some Person",
  email: `person${index}@example.com`,
  emailVerified: true,
}));

/** Who asks for a second step. */
export type Demand = "nobody" | "operator" | "client" | "acr";
export type Next = "in" | "second-step" | "set-up" | "refused" | "elsewhere";

export interface Kit {
  readonly server: TestServer;
  readonly upstream: KillableUpstream;
  readonly mailbox: KeptMailbox;
  readonly parties: Readonly<Record<"plain" | "strict", RelyingParty>>;
  readonly devices: Readonly<Record<"plain" | "strict", RelyingParty>>;
  readonly direct: Readonly<Record<"plain" | "strict", TestClient>>;
}

export interface Visitor extends UpstreamPerson {
  readonly agent: UserAgent;
}

export async function startKit(environment: Record<string, string>): Promise<Kit> {
  const server = await startTestServer({
    environment: { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1", ...environment },
  });
  const upstream = await startBareProvider({
    relyingParty: server.issuer,
    providerId: "corp",
    people: PEOPLE,
  });
  await addUpstream(server, upstream, { id: "corp", displayName: "Corp" });
  const device = {
    grant_types: ["urn:ietf:params:oauth:grant-type:device_code"],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: "none",
  };
  const ours = { firstParty: true };
  const strict = { ...ours, secondStep: true };
  return {
    server,
    upstream,
    mailbox: createKeptMailbox(server),
    parties: {
      plain: await connect(server, await createTestClient(server, {}, ours)),
      strict: await connect(server, await createTestClient(server, {}, strict)),
    },
    devices: {
      plain: await connect(server, await createTestClient(server, device, ours)),
      strict: await connect(server, await createTestClient(server, device, strict)),
    },
    direct: {
      plain: await createDirectClient(server),
      strict: await createTestClient(server, {}, { ...strict, directSignIn: true }),
    },
  };
}

export function nextOf({ url, status, html }: Page): Next {
  if (status >= 400) return status === 403 && html === "elsewhere" ? "elsewhere" : "refused";
  if (url.pathname.endsWith("/second-step")) return "second-step";
  if (url.pathname.endsWith("/second-step/set-up")) return "set-up";
  const isIn = url.searchParams.has("code") || url.pathname === "/account/security";
  return isIn || html.includes('value="allow"') || html.includes("is connected") ? "in" : "refused";
}

/** An answer to an application, as if it was a page. */
function answered(answer: Awaited<ReturnType<typeof postForm>>, elsewhere: string): Page {
  const { error } = membersOf(answer);
  const html = error === elsewhere ? "elsewhere" : String(error);
  return { url: new URL("http://localhost/"), status: answer.status, headers: new Headers(), html };
}

export async function withPassword(
  { server }: Kit,
  { email, username }: Visitor,
): Promise<AccountId> {
  const about = { email, emailVerified: true, profile: {} };
  return (await server.app.createAccount({ ...about, username, password: PASSWORD })).id;
}

export async function withProvider(kit: Kit, visitor: Visitor): Promise<AccountId> {
  await throughProvider(kit, { ...visitor, agent: createUserAgent(kit.server.issuer) }, "nobody");
  const account = (await kit.server.app.accounts.findForSignIn(visitor.email))?.account;
  if (account === undefined) throw new Error(`no account of ${visitor.email}`);
  return account.id;
}

async function authorizationUrl({ parties }: Kit, demand: Demand): Promise<URL> {
  const party = demand === "client" ? parties.strict : parties.plain;
  return (await party.begin(demand === "acr" ? { acr_values: MFA } : {})).url;
}

async function openLogin(kit: Kit, { agent }: Visitor, demand: Demand): Promise<Page> {
  return agent.open(await authorizationUrl(kit, demand));
}

function enterPassword({ agent, email }: Visitor, page: Page, password = PASSWORD) {
  const action = { action: /\/(login|sign-in)$/ };
  return agent.submit(page, { identifier: email, password }, action);
}

async function byPasskey({ server }: Kit, { agent, email }: Visitor, open: () => Promise<Page>) {
  const account = (await server.app.accounts.findForSignIn(email))?.account;
  if (account === undefined) throw new Error(`no account of ${email}`);
  return answerPasskey(agent, await open(), await givePasskey(server, account));
}

export async function throughProvider(kit: Kit, visitor: Visitor, demand: Demand): Promise<Page> {
  const there = await goToUpstream(visitor.agent, await authorizationUrl(kit, demand), "corp");
  return visitor.agent.open(await kit.upstream.signInAs(visitor, there));
}

export async function atAccountThroughProvider({ server, upstream }: Kit, visitor: Visitor) {
  const start = `${server.issuer}/account/sign-in/upstream/corp?to=security`;
  const left = await visitor.agent.open(start);
  return visitor.agent.open(await upstream.signInAs(visitor, left.url));
}

/** With the new password; of a disabled account, whom no mail reaches, with the old one. */
export async function afterReset(kit: Kit, visitor: Visitor, demand: Demand): Promise<Page> {
  const { agent, email } = visitor;
  const start = await agent.open(`${kit.server.issuer}/reset`);
  const codePage = await agent.submit(start, { identifier: email }, { action: /\/reset$/ });
  const sent = (await kit.mailbox.list(email)).find((each) => each.template === "reset_password");
  if (sent === undefined) return enterPassword(visitor, await openLogin(kit, visitor, demand));
  const code = sent.values["code"] ?? "";
  const form = await agent.submit(codePage, { code }, { action: /\/code$/ });
  const password = "another passphrase of somebody";
  await agent.submit(form, { password }, { action: /\/password$/ });
  return enterPassword(visitor, await openLogin(kit, visitor, demand), password);
}

export async function signUp(kit: Kit, visitor: Visitor, demand: Demand): Promise<Page> {
  const { agent, email } = visitor;
  const login = await openLogin(kit, visitor, demand);
  const start = await agent.open(new URL(`${login.url.pathname}/sign-up`, login.url));
  const codePage = await agent.submit(start, { email }, { action: /\/sign-up$/ });
  const { values } = await kit.mailbox.take(email, "confirm_sign_up");
  const form = await agent.submit(codePage, { code: values["code"] ?? "" }, { action: /\/code$/ });
  const fields = { name: "Some Person", password: PASSWORD };
  return agent.submit(form, fields, { action: /\/account$/ });
}

/** The login page that the confirmation of a device leads to. */
async function openDevice({ devices }: Kit, { agent }: Visitor, demand: Demand): Promise<Page> {
  const device = await (demand === "client" ? devices.strict : devices.plain).startDevice();
  const entry = await agent.open(device.verification_uri);
  const confirm = await agent.submit(entry, { user_code: device.user_code });
  return agent.submit(confirm, { confirm: "yes" });
}

export async function loginByPassword(kit: Kit, visitor: Visitor, demand: Demand): Promise<Page> {
  return enterPassword(visitor, await openLogin(kit, visitor, demand));
}

export function loginByPasskey(kit: Kit, visitor: Visitor, demand: Demand): Promise<Page> {
  return byPasskey(kit, visitor, () => openLogin(kit, visitor, demand));
}

export async function accountByPassword({ server }: Kit, visitor: Visitor): Promise<Page> {
  return enterPassword(visitor, await visitor.agent.open(`${server.issuer}/account/sign-in`));
}

export function accountByPasskey(kit: Kit, visitor: Visitor): Promise<Page> {
  const open = () => visitor.agent.open(`${kit.server.issuer}/account/sign-in`);
  return byPasskey(kit, visitor, open);
}

export async function deviceByPassword(kit: Kit, visitor: Visitor, demand: Demand): Promise<Page> {
  return enterPassword(visitor, await openDevice(kit, visitor, demand));
}

export async function deviceByProvider(kit: Kit, visitor: Visitor, demand: Demand): Promise<Page> {
  const login = await openDevice(kit, visitor, demand);
  const left = await visitor.agent.open(`${login.url.href.replace(/\/login$/, "")}/upstream/corp`);
  return visitor.agent.open(await kit.upstream.signInAs(visitor, left.url));
}

/** An application's own form. */
export async function directLogin({ server, direct }: Kit, { email }: Visitor, demand: Demand) {
  const client = demand === "client" ? direct.strict : direct.plain;
  const fields = { username: email, password: PASSWORD, scope: "openid" };
  const answer = await postForm(`${server.issuer}/login`, fields, { client });
  return answered(answer, "insufficient_authorization");
}

/** The same by OAuth 2.0 for First-Party Applications. */
export async function challenge({ server, direct }: Kit, { email }: Visitor, demand: Demand) {
  const client = demand === "client" ? direct.strict : direct.plain;
  const fields = {
    ...createChallenge().parameters,
    response_type: "code",
    scope: "openid",
    redirect_uri: REDIRECT_URI,
    username: email,
    password: PASSWORD,
    ...(demand === "acr" ? { acr_values: MFA } : {}),
  };
  const answer = await postForm(`${server.issuer}/authorize-challenge`, fields, { client });
  return answered(answer, "redirect_to_web");
}
