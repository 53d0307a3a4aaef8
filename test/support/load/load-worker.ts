import type { RawRequest } from "../raw-request.js";
import { GaveUp, type DefiniteAnswer, type HonestClient } from "./honest-client.js";
import { API, type LoadClients } from "./load-clients.js";
import type { LoadLedger } from "./load-ledger.js";
import type { LoadPerson, Session } from "./load-person.js";
import { authorizationRequest, bearer, codeExchange, form } from "./load-requests.js";

export interface LoadWorkerDeps {
  readonly http: HonestClient;
  readonly person: LoadPerson;
  readonly clients: LoadClients;
  readonly ledger: LoadLedger;
  readonly isOver: () => boolean;
  /** Gets what must still be true at the end. */
  readonly keep: (kept: Keepsake) => void;
}

/** What the server said, to be looked at again when the load is over. */
export interface Keepsake {
  readonly epoch: number;
  /** Of a session that nobody ended. */
  readonly cookie?: string;
  /** Acknowledged, and not used since. */
  readonly unused?: string;
  /** Forms of the token endpoint that must be refused: used codes, used or revoked tokens. */
  readonly refused: readonly Record<string, string>[];
}

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** A chain of tokens from one code. */
interface Chain {
  readonly session: Session;
  readonly exchange: Record<string, string>;
  tokens: Tokens;
  readonly usedRefreshTokens: string[];
}

/** How a chain ends, in turn. Those that come from one session share a grant, and end together. */
const ENDINGS = [
  "replayCode",
  "replayRefreshToken",
  "revoke",
  "replayRefreshToken",
  "signOut",
  "replayCode",
  "keep",
] as const;

const REFRESHES = 3;

/** One person and their applications: flow after flow until the load is over. */
export async function runLoadWorker(deps: LoadWorkerDeps, firstEnding: number): Promise<void> {
  const { person, ledger, isOver } = deps;
  let session: Session | undefined;
  for (let turn = firstEnding; !isOver(); turn++) {
    try {
      session ??= await person.signIn();
      if (session === undefined) return;
      const chain = await startChain(deps, session);
      if (chain === undefined) {
        session = undefined;
        continue;
      }
      await getMachineTokens(deps);
      const ending = ENDINGS[turn % ENDINGS.length] ?? "keep";
      const goesOn = (await renew(deps, chain)) && (await end(deps, ending, chain));
      // A sign-in anew keeps the grant of what is kept, or was refused, apart.
      if (!goesOn || ending === "signOut" || ending === "keep") session = undefined;
      ledger.counts.flows++;
    } catch (err) {
      if (!(err instanceof GaveUp)) throw err;
    }
  }
}

async function startChain(deps: LoadWorkerDeps, session: Session): Promise<Chain | undefined> {
  const { http, clients, ledger } = deps;
  const { cookie, epoch } = session;
  const { path, codeVerifier } = authorizationRequest(clients.web, { prompt: "none" });
  const answer = await http.send("authorization", path, { headers: { Cookie: cookie } });
  const location = URL.parse(String(answer.headers["location"]));
  const code = location?.searchParams.get("code");
  if (code === undefined || code === null) {
    judgeLoss(ledger, epoch, `authorization: ${answer.status} ${location?.search ?? answer.body}`);
    return undefined;
  }
  const exchange = codeExchange(code, codeVerifier);
  const tokens = await useOnce(deps, { what: "code", fields: exchange, epoch });
  if (tokens === undefined) return undefined;
  const chain = { session, exchange, tokens, usedRefreshTokens: [] };
  await useAccessToken(deps, chain);
  return chain;
}

/** @returns false when the chain broke for a reason that is allowed. */
async function renew(deps: LoadWorkerDeps, chain: Chain): Promise<boolean> {
  for (let turn = 0; turn < REFRESHES; turn++) {
    const used = chain.tokens.refresh_token;
    const { epoch } = chain.session;
    const next = await useOnce(deps, { what: "refresh token", fields: refresh(used), epoch });
    if (next === undefined) return false;
    chain.usedRefreshTokens.push(used);
    chain.tokens = next;
    await useAccessToken(deps, chain);
  }
  return true;
}

interface SingleUse {
  readonly what: string;
  readonly fields: Record<string, string>;
  /** Of what it hangs on. */
  readonly epoch: number;
}

/** A code or refresh token that is used for the first time. */
async function useOnce(
  { http, clients, ledger }: LoadWorkerDeps,
  { what, fields, epoch }: SingleUse,
): Promise<Tokens | undefined> {
  const answer = await http.send(what, "/token", form(clients.web, fields));
  if (answer.status === 200) return JSON.parse(answer.body) as Tokens;
  const account = `an unused ${what} was refused${answer.wasUnavailable ? " after a 503" : ""}: ${answer.status} ${answer.body}`;
  if (answer.wasCut && isInvalidGrant(answer)) ledger.counts.inDoubt++;
  else judgeLoss(ledger, epoch, account);
  return undefined;
}

/** A token just given is good at once, at whichever node. */
async function useAccessToken(deps: LoadWorkerDeps, { tokens, session }: Chain): Promise<void> {
  const { http, clients, ledger } = deps;
  const { epoch } = session;
  const userinfo = await http.send("userinfo", "/me", bearer(tokens.access_token));
  if (userinfo.status !== 200) judgeLoss(ledger, epoch, `userinfo: ${userinfo.status}`);
  const introspection = await introspect(http, form(clients.web, { token: tokens.access_token }));
  if (!introspection) judgeLoss(ledger, epoch, "introspection: a token just given is not active");
}

async function getMachineTokens({ http, clients, ledger }: LoadWorkerDeps): Promise<void> {
  const { epoch } = ledger;
  const fields = { grant_type: "client_credentials" };
  const opaque = await http.send("client credentials", "/token", form(clients.machine, fields));
  if (opaque.status !== 200) ledger.violate(`client credentials: ${opaque.status} ${opaque.body}`);
  const { access_token: token } = JSON.parse(opaque.body) as Tokens;
  if (!(await introspect(http, form(clients.machine, { token })))) {
    judgeLoss(ledger, epoch, "introspection: a machine's token just given is not active");
  }
  const wanted = form(clients.machine, { ...fields, resource: API, scope: "orders:read" });
  const jwt = await http.send("JWT client credentials", "/token", wanted);
  if (jwt.status !== 200) ledger.violate(`JWT client credentials: ${jwt.status} ${jwt.body}`);
}

async function end(
  deps: LoadWorkerDeps,
  ending: (typeof ENDINGS)[number],
  chain: Chain,
): Promise<boolean> {
  const { http, clients, person, keep } = deps;
  const { session, exchange, tokens, usedRefreshTokens } = chain;
  const { cookie, epoch } = session;
  const usedRefreshToken = refresh(usedRefreshTokens.at(-1) ?? "");
  const lastRefreshToken = refresh(tokens.refresh_token);
  switch (ending) {
    case "replayCode":
      await expectRefused(deps, "a used code", exchange);
      await expectRefused(deps, "a refresh token whose code was replayed", lastRefreshToken);
      return true;
    case "replayRefreshToken":
      await expectRefused(deps, "a used refresh token", usedRefreshToken);
      await expectRefused(deps, "a refresh token of a family that ended", lastRefreshToken);
      return true;
    case "revoke":
      await http.send(
        "revocation",
        "/token/revoke",
        form(clients.web, { token: tokens.refresh_token }),
      );
      await expectRefused(deps, "a revoked refresh token", lastRefreshToken);
      keep({ epoch, refused: [lastRefreshToken] });
      return true;
    case "signOut":
      if (!(await person.signOut())) return false;
      await expectSignedOut(deps, cookie);
      await expectRefused(deps, "a refresh token of an ended session", lastRefreshToken);
      keep({ epoch, refused: [lastRefreshToken] });
      return true;
    default:
      keep({ epoch, cookie, unused: tokens.refresh_token, refused: [usedRefreshToken, exchange] });
      return true;
  }
}

/** The refusal also ends the family. */
export async function expectRefused(
  { http, clients, ledger }: Pick<LoadWorkerDeps, "http" | "clients" | "ledger">,
  what: string,
  fields: Record<string, string>,
): Promise<void> {
  const answer = await http.send("replay", "/token", form(clients.web, fields));
  if (isInvalidGrant(answer)) ledger.counts.replaysRefused++;
  else ledger.violate(`${what} gave ${answer.status}`);
}

async function expectSignedOut(deps: LoadWorkerDeps, cookie: string): Promise<void> {
  const { http, clients, ledger } = deps;
  const { path } = authorizationRequest(clients.web, { prompt: "none" });
  const answer = await http.send("authorization", path, { headers: { Cookie: cookie } });
  const error = URL.parse(String(answer.headers["location"]))?.searchParams.get("error");
  if (error === "login_required") ledger.counts.replaysRefused++;
  else ledger.violate(`the cookie of an ended session gave ${answer.status} ${error}`);
}

const refresh = (refreshToken: string) => ({
  grant_type: "refresh_token",
  refresh_token: refreshToken,
});

async function introspect(http: HonestClient, request: RawRequest): Promise<boolean> {
  const answer = await http.send("introspection", "/token/introspect", request);
  return answer.status === 200 && (JSON.parse(answer.body) as { active: boolean }).active;
}

function isInvalidGrant({ status, body }: DefiniteAnswer): boolean {
  return status === 400 && (JSON.parse(body) as { error: string }).error === "invalid_grant";
}

function judgeLoss(ledger: LoadLedger, epoch: number, what: string): void {
  if (ledger.mayHaveLost(epoch)) ledger.counts.lost++;
  else ledger.violate(what);
}
