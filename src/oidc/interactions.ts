import type { Context } from "koa";
import {
  errors,
  type Client,
  type Configuration,
  type InteractionResults,
  type Provider,
  type PromptDetail,
} from "oidc-provider";
import { toAccountId, type Account, type AccountId } from "../accounts/account.js";
import type { AccountStore } from "../accounts/account-store.js";
import type { ConsentStore } from "../accounts/consent-store.js";
import type { Clock } from "../lib/clock.js";
import { SUPPORTED_ACRS } from "./authentication-context.js";
import { allow, type MissingConsent } from "./grants.js";
import { createRestartRequest, type RestartRequest } from "./restart-request.js";
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
  readonly restart: RestartRequest;
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

export function createInteractions(deps: InteractionsDeps): Interactions {
  const { provider, accounts, consents, sealedRequests } = deps;

  /** `keepsEarlier`: with the results of the request's earlier steps, which stay answered. */
  const finish = async (
    ctx: Context,
    result: InteractionResults,
    keepsEarlier = false,
  ): Promise<void> => {
    const merge = { mergeWithLastSubmission: keepsEarlier };
    const url = await provider.interactionResult(ctx.req, ctx.res, result, merge);
    ctx.status = 303;
    ctx.redirect(url);
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
        accountId: accountOf(details.session?.accountId),
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

    signIn: (ctx, { accountId, acr, amr }) => {
      // Told here, since the result is applied again after consent: that is no sign-in.
      const ts = deps.clock.nowSeconds();
      return finish(ctx, { login: { accountId, acr, amr: [...amr], remember: false, ts } });
    },

    async allow(ctx, { accountId, client, grantId, missing }) {
      if (accountId === undefined) throw new TypeError("consent without a signed-in account");
      const request = { accountId, clientId: client.clientId, grantId, missing };
      const result = { consent: { grantId: await allow(provider, consents, request) } };
      await finish(ctx, result, true);
    },

    refuse: (ctx, error) => finish(ctx, { ...error }),

    async findSignedIn(ctx) {
      const session = await provider.Session.get(ctx);
      if (session.accountId === undefined) return undefined;
      const account = await accounts.find(toAccountId(session.accountId));
      return account === undefined || account.disabled ? undefined : account;
    },

    startSession: (ctx, authentication) => startSession(ctx, authentication, deps),
    openSealed: (sealed) => sealedRequests.open(sealed),
    findClient: (clientId) => provider.Client.find(clientId),
    restart: createRestartRequest(provider, deps.clock),
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
    resourceScopes: Object.fromEntries(
      Object.entries(details["missingResourceScopes"] ?? {}).map(([resource, scopes]) => [
        resource,
        strings(scopes),
      ]),
    ),
  };
}

function asksUnknownAcr({ reasons, details }: PromptDetail): boolean {
  if (!reasons.includes("essential_acr") && !reasons.includes("essential_acrs")) return false;
  const { value, values }: { value?: unknown; values?: unknown } = details["acr"] ?? {};
  const asked = Array.isArray(values) ? strings(values) : strings([value]);
  return !asked.some((acr) => SUPPORTED_ACRS.includes(acr));
}

async function startSession(
  ctx: Context,
  { accountId, acr, amr }: Authentication,
  { provider, sessionSeconds, clock }: InteractionsDeps,
): Promise<boolean> {
  const session = await provider.Session.get(ctx);
  if (session.accountId !== undefined && session.accountId !== accountId) return false;
  session.loginAccount({
    accountId,
    acr,
    amr: [...amr],
    loginTs: clock.nowSeconds(),
    transient: true,
  });
  // Whoever knew the cookie before the sign-in must not have it afterwards.
  if (session.exp !== undefined) session.resetIdentifier();
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

function accountOf(id: string | undefined): AccountId | undefined {
  return id === undefined ? undefined : toAccountId(id);
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
