import type { Context } from "koa";
import {
  errors,
  type Client,
  type Configuration,
  type InteractionResults,
  type Provider,
  type PromptDetail,
} from "oidc-provider";
import { toAccountId, type AccountId } from "../accounts/account.js";
import type { ConsentStore } from "../accounts/consent-store.js";
import type { UpstreamSessions } from "./upstream-sessions.js";
import type { Clock } from "../lib/clock.js";
import type { Authentication, BrowserAccounts } from "./browser-accounts.js";
import { STEP_UP } from "./interaction-policy.js";
import { allow, type MissingConsent } from "./grants.js";
import { createRestartRequest, type RestartRequest } from "./restart-request.js";
import type { SealedRequest, SealedRequests } from "./sealed-request.js";

const PROMPTS = ["create", "select_account", "login", "consent"] as const;

/** A step of an authorization request in which a person takes part. */
export interface ActiveInteraction {
  readonly uid: string;
  readonly prompt: (typeof PROMPTS)[number];
  readonly client: Client;
  readonly accountId: AccountId | undefined;
  readonly grantId: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
  /** Of a consent prompt: what is asked for and not yet allowed. */
  readonly missing: MissingConsent;
  /** The client insists on an acr that this server cannot give (OpenID Connect Core §5.5.1.1). */
  readonly unmetAcr: boolean;
  /** Somebody is signed in, and lacks nothing but a stronger sign-in. */
  readonly stepsUp: boolean;
  /** Somebody who is signed in at this browser may go on without a new sign-in. */
  readonly takesSignedIn: boolean;
  readonly sealedRequest: string | undefined;
}

export interface Interactions {
  /** Undefined when it expired, is done, belongs to another browser or another person signed in. */
  find(ctx: Context, uid: string): Promise<ActiveInteraction | undefined>;
  /** Answers the request: leads the browser back to the authorization endpoint. */
  signIn(ctx: Context, authentication: Authentication): Promise<void>;
  /**
   * Goes on as somebody who is signed in at this browser.
   * @returns whom; undefined, with nothing answered, when they are no longer.
   */
  choose(ctx: Context, handle: string): Promise<AccountId | undefined>;
  allow(ctx: Context, interaction: ActiveInteraction): Promise<void>;
  refuse(ctx: Context, error: InteractionError): Promise<void>;
  openSealed(sealed: string): SealedRequest | undefined;
  findClient(clientId: string): Promise<Client | undefined>;
  readonly restart: RestartRequest;
}

/** Goes to the client (RFC 6749 §4.1.2.1). */
export interface InteractionError {
  readonly error: string;
  readonly error_description: string;
}

export interface InteractionsDeps {
  readonly provider: Provider;
  readonly browserAccounts: Pick<BrowserAccounts, "makeRoom" | "switchTo">;
  readonly upstreamSessionEnds: Pick<UpstreamSessions, "sealIdToken">;
  readonly consents: ConsentStore;
  readonly sealedRequests: SealedRequests;
  /** As `acr_values_supported`. */
  readonly acrValues: readonly string[];
  readonly clock: Clock;
}

/**
 * Whoever signs in has chosen their account (OpenID Connect Core §3.1.2.1 `select_account`), and has
 * one (Initiating User Registration 1.0 §4 `create`).
 */
const ACCOUNT_CHOSEN: InteractionResults = { create: {}, select_account: {} };

export function createInteractions(deps: InteractionsDeps): Interactions {
  const { provider, browserAccounts, consents, sealedRequests } = deps;

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

  /** The same for a step after which the browser uses the session `uid`, whichever it was before. */
  const finishIn = async (ctx: Context, uid: string, result: InteractionResults): Promise<void> => {
    const interaction = await provider.interactionDetails(ctx.req, ctx.res);
    // The library takes a request back only in the session that it was begun in.
    if (interaction.session?.uid !== uid) interaction.session = undefined;
    interaction.result = result;
    await interaction.persist();
    ctx.status = 303;
    ctx.redirect(interaction.returnTo);
  };

  /** The one in whose name consent is asked uses this browser no more: somebody else does. */
  const isOfAnother = async (ctx: Context, uid: string | undefined): Promise<boolean> =>
    uid !== undefined && (await provider.Session.get(ctx)).uid !== uid;

  return {
    async find(ctx, uid) {
      const details = await findDetails(provider, ctx);
      if (details?.uid !== uid) return undefined;
      // For the language of the page.
      ctx.state["uiLocales"] = details.params["ui_locales"];
      const client = await provider.Client.find(String(details.params["client_id"]));
      const { prompt: asked, session } = details;
      const prompt = PROMPTS.find((known) => known === asked.name);
      if (client === undefined || prompt === undefined) return undefined;
      if (prompt === "consent" && (await isOfAnother(ctx, session?.uid))) return undefined;
      return {
        uid,
        prompt,
        client,
        accountId: accountOf(session?.accountId),
        grantId: details.grantId,
        params: details.params,
        missing: missingConsent(asked),
        unmetAcr: asksUnknownAcr(asked, deps.acrValues),
        stepsUp: stepsUp(asked),
        takesSignedIn: takesSignedIn(asked),
        sealedRequest:
          details.deviceCode === undefined
            ? sealedRequests.seal({ clientId: client.clientId, params: details.params })
            : undefined,
      };
    },

    async signIn(ctx, authentication) {
      const { accountId, acr, amr, keep, signedInAtSeconds, upstream, continues } = authentication;
      const { uid } = await browserAccounts.makeRoom(ctx, accountId);
      const sealedIdToken = await deps.upstreamSessionEnds.sealIdToken(
        upstream,
        authentication.upstreamIdToken,
      );
      // With its time, since the result is applied again after consent: that is no sign-in.
      const login = {
        accountId,
        acr,
        amr: [...amr],
        remember: keep,
        ts: signedInAtSeconds,
        upstream,
        sealedIdToken,
        continues,
      };
      await finishIn(ctx, uid, { ...ACCOUNT_CHOSEN, login });
    },

    async choose(ctx, handle) {
      const session = await browserAccounts.switchTo(ctx, handle);
      if (session === undefined) return undefined;
      await finishIn(ctx, session.uid, ACCOUNT_CHOSEN);
      return accountOf(session.accountId);
    },

    async allow(ctx, { accountId, client, grantId, missing }) {
      if (accountId === undefined) throw new TypeError("consent without a signed-in account");
      const request = { accountId, clientId: client.clientId, grantId, missing };
      const result = { consent: { grantId: await allow(provider, consents, request) } };
      await finish(ctx, result, true);
    },

    refuse: (ctx, error) => finish(ctx, { ...error }),

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

/** Not when the request insists on a new sign-in. */
function takesSignedIn({ name, reasons }: PromptDetail): boolean {
  if (name === "select_account") return true;
  return reasons.includes("no_session") && !reasons.includes("login_prompt");
}

const STEP_UP_REASONS = new Set([STEP_UP, "essential_acr", "essential_acrs"]);

function stepsUp({ name, reasons }: PromptDetail): boolean {
  return name === "login" && reasons.every((reason) => STEP_UP_REASONS.has(reason));
}

function asksUnknownAcr({ reasons, details }: PromptDetail, supported: readonly string[]): boolean {
  if (!reasons.includes("essential_acr") && !reasons.includes("essential_acrs")) return false;
  const { value, values }: { value?: unknown; values?: unknown } = details["acr"] ?? {};
  const asked = Array.isArray(values) ? strings(values) : strings([value]);
  return !asked.some((acr) => supported.includes(acr));
}

function accountOf(id: string | undefined): AccountId | undefined {
  return id === undefined ? undefined : toAccountId(id);
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
