import type { Context } from "koa";
import {
  errors,
  type Client,
  type Configuration,
  type InteractionResults,
  type Provider,
  type PromptDetail,
} from "oidc-provider";
import type { Account, AccountId } from "../accounts/account.js";
import type { AccountStore } from "../accounts/account-store.js";
import type { ConsentStore } from "../accounts/consent-store.js";
import type { Clock } from "../lib/clock.js";
import { SUPPORTED_ACRS } from "./authentication-context.js";
import { allow, type MissingConsent } from "./grants.js";
import type { SealedRequest, SealedRequests } from "./sealed-request.js";

/** A step of an authorization request in which a person takes part. */
export interface ActiveInteraction {
  readonly uid: string;
  readonly prompt: "login" | "consent";
  readonly client: Client;
  readonly accountId: AccountId | undefined;
  readonly grantId: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
  /** Of a consent prompt: what is asked for and not yet allowed. */
  readonly missing: MissingConsent;
  /** The client insists on an acr that this server cannot give (OpenID Connect Core §5.5.1.1). */
  readonly unmetAcr: boolean;
  readonly sealedRequest: string | undefined;
}

export interface Interactions {
  /** Undefined when it expired, is done, belongs to another browser or another person signed in. */
  find(ctx: Context, uid: string): Promise<ActiveInteraction | undefined>;
  /** Answers the request: leads the browser back to the authorization endpoint. */
  signIn(ctx: Context, authentication: Authentication): Promise<void>;
  allow(ctx: Context, interaction: ActiveInteraction): Promise<void>;
  refuse(ctx: Context, error: InteractionError): Promise<void>;
  /** Who is signed in at this browser. */
  findSignedIn(ctx: Context): Promise<Account | undefined>;
  /**
   * Starts a session without an interaction, for a sign-in whose interaction expired meanwhile.
   * @returns false when somebody else is signed in: the library must end that session first.
   */
  startSession(ctx: Context, authentication: Authentication): Promise<boolean>;
  openSealed(sealed: string): SealedRequest | undefined;
  findClient(clientId: string): Promise<Client | undefined>;
  /** URL that starts the same authorization request anew, with another `prompt` if given. */
  restart(request: SealedRequest, prompt?: string): Promise<string>;
}

export interface Authentication {
  readonly accountId: AccountId;
  readonly acr: string;
  readonly amr: readonly string[];
}

/** Goes to the client (RFC 6749 §4.1.2.1). */
export interface InteractionError {
  readonly error: string;
  readonly error_description: string;
}

export interface InteractionsDeps {
  readonly provider: Provider;
  readonly accounts: AccountStore;
  readonly consents: ConsentStore;
  readonly sealedRequests: SealedRequests;
  readonly sessionSeconds: number;
  readonly clock: Clock;
}

const URN = "urn:ietf:params:oauth:request_uri:";
/** 60 s, as the library pushes requests: the browser comes at once. */
const RESTART_SECONDS = 60;

export function createInteractions(deps: InteractionsDeps): Interactions {
  const { provider, accounts, consents, sealedRequests } = deps;

  const finish = (ctx: Context, result: InteractionResults): Promise<void> => {
    ctx.respond = false;
    return provider.interactionFinished(ctx.req, ctx.res, result, {
      mergeWithLastSubmission: false,
    });
  };

  return {
    async find(ctx, uid) {
      const details = await findDetails(provider, ctx);
      if (details?.uid !== uid) return undefined;
      const client = await provider.Client.find(String(details.params["client_id"]));
      const { name } = details.prompt;
      if (client === undefined || (name !== "login" && name !== "consent")) return undefined;
      return {
        uid,
        prompt: name,
        client,
        accountId: details.session?.accountId as AccountId | undefined,
        grantId: details.grantId,
        params: details.params,
        missing: missingConsent(details.prompt),
        unmetAcr: asksUnknownAcr(details.prompt),
        sealedRequest:
          details.deviceCode === undefined
            ? sealedRequests.seal({ clientId: client.clientId, params: details.params })
            : undefined,
      };
    },

    signIn: (ctx, { accountId, acr, amr }) =>
      finish(ctx, { login: { accountId, acr, amr: [...amr], remember: false } }),

    async allow(ctx, { accountId, client, grantId, missing }) {
      if (accountId === undefined) throw new TypeError("consent without a signed-in account");
      const request = { accountId, clientId: client.clientId, grantId, missing };
      await finish(ctx, { consent: { grantId: await allow(provider, consents, request) } });
    },

    refuse: (ctx, error) => finish(ctx, { ...error }),

    async findSignedIn(ctx) {
      const session = await provider.Session.get(ctx);
      if (session.accountId === undefined) return undefined;
      const account = await accounts.find(session.accountId as AccountId);
      return account === undefined || account.disabled ? undefined : account;
    },

    startSession: (ctx, authentication) => startSession(ctx, authentication, deps),
    openSealed: (sealed) => sealedRequests.open(sealed),
    findClient: (clientId) => provider.Client.find(clientId),
    restart: (request, prompt) => restart(provider, deps.clock, request, prompt),
  };
}

/** Where the library sends a browser for a prompt, with a sealed copy of the request in a cookie. */
export function createInteractionUrl(
  basePath: string,
  sealedRequests: SealedRequests,
  setCookie: (ctx: Context, path: string, sealed: string) => void,
): NonNullable<NonNullable<Configuration["interactions"]>["url"]> {
  return (ctx, interaction) => {
    const path = `${basePath}/interaction/${interaction.uid}`;
    if (interaction.deviceCode === undefined) {
      const clientId = String(interaction.params["client_id"]);
      const sealed = sealedRequests.seal({ clientId, params: interaction.params });
      if (sealed !== undefined) setCookie(ctx, path, sealed);
    }
    return path;
  };
}

async function findDetails(provider: Provider, ctx: Context) {
  try {
    return await provider.interactionDetails(ctx.req, ctx.res);
  } catch (err) {
    if (err instanceof errors.SessionNotFound) return undefined;
    throw err;
  }
}

function missingConsent({ details }: PromptDetail): MissingConsent {
  return {
    scopes: strings(details["missingOIDCScope"]),
    claims: strings(details["missingOIDCClaims"]),
    resourceScopes: (details["missingResourceScopes"] ?? {}) as Record<string, string[]>,
  };
}

function asksUnknownAcr({ reasons, details }: PromptDetail): boolean {
  if (!reasons.includes("essential_acr") && !reasons.includes("essential_acrs")) return false;
  const { value, values } = details["acr"] as { value?: unknown; values?: unknown };
  const asked = Array.isArray(values) ? values : [value];
  return !asked.some((acr) => SUPPORTED_ACRS.includes(String(acr)));
}

async function startSession(
  ctx: Context,
  { accountId, acr, amr }: Authentication,
  { provider, sessionSeconds, clock }: InteractionsDeps,
): Promise<boolean> {
  const session = await provider.Session.get(ctx);
  if (session.accountId !== undefined && session.accountId !== accountId) return false;
  const known = session.accountId !== undefined;
  session.loginAccount({ accountId, acr, amr: [...amr], loginTs: clock.nowSeconds(), transient: true });
  if (known) session.resetIdentifier();
  await session.save(sessionSeconds);
  ctx.cookies.set(provider.cookieName("session"), session.jti, {
    httpOnly: true,
    sameSite: "lax",
    path: "/",
    signed: true,
    overwrite: true,
  });
  return true;
}

/** Pushes the request to ourselves (RFC 9126), so that its parameters appear in no URL or log. */
async function restart(
  provider: Provider,
  clock: Clock,
  { clientId, params }: SealedRequest,
  prompt: string | undefined,
): Promise<string> {
  const nowSeconds = clock.nowSeconds();
  const { request: _request, request_uri: _uri, claims, ...rest } = params;
  const payload = {
    ...rest,
    ...(typeof claims === "string" ? { claims: JSON.parse(claims) as unknown } : {}),
    ...(prompt === undefined ? {} : { prompt }),
    iss: clientId,
    aud: provider.issuer,
    iat: nowSeconds,
    nbf: nowSeconds,
    exp: nowSeconds + RESTART_SECONDS,
  };
  const request = new provider.PushedAuthorizationRequest({ request: unsecuredJwt(payload) });
  const id = await request.save(RESTART_SECONDS);
  const url = new URL(provider.urlFor("authorization"));
  url.searchParams.set("client_id", clientId);
  url.searchParams.set("request_uri", URN + id);
  return url.href;
}

/** RFC 7519 §6: the library keeps pushed requests in this form. */
function unsecuredJwt(payload: object): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${encode({ alg: "none" })}.${encode(payload)}.`;
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
