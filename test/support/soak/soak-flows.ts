import { API } from "../load/load-clients.js";
import type { DefiniteAnswer, HonestClient } from "../load/honest-client.js";
import type { LoadLedger } from "../load/load-ledger.js";
import { authorizationRequest, bearer, codeExchange, form } from "../load/load-requests.js";
import type { SoakClients } from "./soak-clients.js";

export interface SoakFlowDeps {
  readonly http: HonestClient;
  readonly clients: SoakClients;
  readonly ledger: LoadLedger;
}

/** One use of the server from beginning to end; `cookie` is of a session that is signed in. */
type SoakFlow = (deps: SoakFlowDeps, cookie: string) => Promise<void>;

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** All that leaves something in a store, in equal shares. */
export const SOAK_FLOWS: Readonly<Record<string, SoakFlow>> = {
  async "code, replayed"(deps, cookie) {
    const { tokens, exchange } = await signIn(deps, cookie);
    await expectStatus(deps, "/me", bearer(tokens.access_token), 200);
    await post(deps, exchange, 400);
    await expectStatus(deps, "/me", bearer(tokens.access_token), 401);
  },
  async "refresh token, replayed"(deps, cookie) {
    const { tokens } = await signIn(deps, cookie);
    await renew(deps, tokens);
    await post(deps, refresh(tokens), 400);
  },
  async "refreshed twice"(deps, cookie) {
    const { tokens } = await signIn(deps, cookie);
    const next = await renew(deps, await renew(deps, tokens));
    const { web } = deps.clients;
    await expectStatus(deps, "/token/introspect", form(web, { token: next.access_token }), 200);
  },
  async "refresh token, revoked"(deps, cookie) {
    const { tokens } = await signIn(deps, cookie);
    const { web } = deps.clients;
    await expectStatus(deps, "/token/revoke", form(web, { token: tokens.refresh_token }), 200);
    await post(deps, refresh(tokens), 400);
  },
  async "pushed request"(deps, cookie) {
    const { web } = deps.clients;
    const { path, codeVerifier } = authorizationRequest(web, { prompt: "none" });
    const pushed = form(web, Object.fromEntries(new URLSearchParams(path.split("?")[1])));
    const { body } = await expectStatus(deps, "/request", pushed, 201);
    const { request_uri: requestUri } = JSON.parse(body) as { request_uri: string };
    const query = new URLSearchParams({ client_id: web.clientId, request_uri: requestUri });
    await exchangeCode(deps, { path: `/auth?${query}`, codeVerifier, cookie });
  },
  async "client credentials, opaque"(deps) {
    const { machine } = deps.clients;
    const { access_token: token } = await getMachineToken(deps, {});
    await expectStatus(deps, "/token/introspect", form(machine, { token }), 200);
  },
  async "client credentials, JWT"(deps) {
    await getMachineToken(deps, { resource: API, scope: "orders:read" });
  },
  async "client credentials, revoked"(deps) {
    const { access_token: token } = await getMachineToken(deps, {});
    await expectStatus(deps, "/token/revoke", form(deps.clients.machine, { token }), 200);
  },
  async "client assertion, replayed"(deps) {
    const fields = await deps.clients.createAssertion();
    await expectStatus(deps, "/token", unauthenticatedForm(fields), 200);
    await expectStatus(deps, "/token", unauthenticatedForm(fields), 401);
  },
  async "DPoP proof, replayed"(deps) {
    const request = form(deps.clients.machine, { grant_type: "client_credentials" });
    const headers = { ...request.headers, DPoP: await deps.clients.createDpopProof() };
    await expectStatus(deps, "/token", { ...request, headers }, 200);
    await expectStatus(deps, "/token", { ...request, headers }, 400);
  },
};

interface CodeRequest {
  readonly path: string;
  readonly codeVerifier: string;
  readonly cookie: string;
}

async function signIn(deps: SoakFlowDeps, cookie: string) {
  const { path, codeVerifier } = authorizationRequest(deps.clients.web, { prompt: "none" });
  return exchangeCode(deps, { path, codeVerifier, cookie });
}

async function exchangeCode(
  deps: SoakFlowDeps,
  { path, codeVerifier, cookie }: CodeRequest,
): Promise<{ tokens: Tokens; exchange: Record<string, string> }> {
  const answer = await expectStatus(deps, path, { headers: { Cookie: cookie } }, 303);
  const location = new URL(String(answer.headers["location"]));
  const code = location.searchParams.get("code");
  if (code === null) throw new Error(`no code: ${location.search}`);
  const exchange = codeExchange(code, codeVerifier);
  return { exchange, tokens: JSON.parse((await post(deps, exchange, 200)).body) as Tokens };
}

const refresh = ({ refresh_token: token }: Tokens) => ({
  grant_type: "refresh_token",
  refresh_token: token,
});

async function renew(deps: SoakFlowDeps, tokens: Tokens): Promise<Tokens> {
  return JSON.parse((await post(deps, refresh(tokens), 200)).body) as Tokens;
}

async function getMachineToken(
  deps: SoakFlowDeps,
  fields: Record<string, string>,
): Promise<Tokens> {
  const request = form(deps.clients.machine, { grant_type: "client_credentials", ...fields });
  return JSON.parse((await expectStatus(deps, "/token", request, 200)).body) as Tokens;
}

const post = (deps: SoakFlowDeps, fields: Record<string, string>, status: number) =>
  expectStatus(deps, "/token", form(deps.clients.web, fields), status);

const unauthenticatedForm = (fields: Record<string, string>) => ({
  method: "POST",
  headers: { "Content-Type": "application/x-www-form-urlencoded" },
  body: new URLSearchParams(fields).toString(),
});

async function expectStatus(
  { http }: SoakFlowDeps,
  ...[path, request, status]: [string, Parameters<HonestClient["send"]>[2], number]
): Promise<DefiniteAnswer> {
  const [name = path] = path.split("?");
  const answer = await http.send(name, path, request);
  if (answer.status === status) return answer;
  throw new Error(`${name}: ${answer.status} instead of ${status}: ${answer.body.slice(0, 200)}`);
}
