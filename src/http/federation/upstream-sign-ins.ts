/**
 * Sign-ins at other providers, between our pages and theirs: what leaves with the browser, and what
 * comes back with it. Whoever shows a button calls `start`, and `finish` at the address that its
 * purpose leads back to (`upstream-callback.ts`).
 */
import { isDeepStrictEqual } from "node:util";
import type { Context } from "koa";
import { FederationError } from "../../federation/federation-error.js";
import type { UpstreamAttempt, UpstreamPurpose } from "../../federation/upstream-attempt.js";
import type {
  BeginOptions,
  UpstreamAnswer,
  UpstreamClient,
} from "../../federation/upstream-client.js";
import { findUsable } from "../../federation/sign-in-choices.js";
import type { UpstreamIdentity } from "../../federation/upstream-identity.js";
import type {
  UpstreamProvider,
  UpstreamProviderStore,
} from "../../federation/upstream-provider.js";
import type { UpstreamAttempts } from "../../oidc/upstream-attempts.js";
import type { UpstreamCookie } from "./upstream-cookie.js";

export interface UpstreamSignIns {
  /** Sends the browser to a provider. @throws FederationError */
  start(ctx: Context, providerId: string, options: BeginOptions): Promise<void>;
  /** The sign-in of this browser that an answer belongs to; whether it is used up is not looked at. */
  find(ctx: Context, answer: UpstreamAnswer): UpstreamAttempt | undefined;
  /**
   * Takes what came back, once: the attempt is used up whatever comes of it.
   *
   * @throws FederationError `attempt_unknown` also when it was begun for another purpose.
   */
  finish(ctx: Context, purpose: UpstreamPurpose): Promise<UpstreamArrival>;
}

export interface UpstreamArrival {
  readonly provider: UpstreamProvider;
  readonly identity: UpstreamIdentity;
}

export interface UpstreamSignInsDeps {
  readonly upstreamProviders: Pick<UpstreamProviderStore, "list">;
  readonly upstreamClient: UpstreamClient;
  readonly upstreamAttempts: UpstreamAttempts;
  readonly cookie: UpstreamCookie;
}

export function createUpstreamSignIns(deps: UpstreamSignInsDeps): UpstreamSignIns {
  const { upstreamProviders, upstreamClient, upstreamAttempts, cookie } = deps;

  async function requireProvider(id: string): Promise<UpstreamProvider> {
    const provider = await findUsable(upstreamProviders, id);
    if (provider !== undefined) return provider;
    const detail = "it does not exist, is disabled, or another one is the only way in";
    throw new FederationError("provider_unavailable", detail);
  }

  function find(ctx: Context, { state }: UpstreamAnswer): UpstreamAttempt | undefined {
    const sealed = state === undefined ? undefined : cookie.read(ctx, state);
    return state === undefined || sealed === undefined
      ? undefined
      : upstreamAttempts.open(sealed, state);
  }

  return {
    find,

    async start(ctx, providerId, options) {
      const provider = await requireProvider(providerId);
      const { url, attempt } = await upstreamClient.begin(provider, options);
      cookie.set(ctx, attempt.state, upstreamAttempts.seal(attempt));
      ctx.status = 303;
      ctx.redirect(url);
    },

    async finish(ctx, purpose) {
      const answer = readAnswer(ctx.query);
      const attempt = find(ctx, answer);
      if (attempt === undefined || !isDeepStrictEqual(attempt.purpose, purpose)) {
        throw new FederationError("attempt_unknown", "this browser began no such sign-in");
      }
      cookie.clear(ctx, attempt.state);
      await upstreamAttempts.consume(attempt);
      const provider = await requireProvider(attempt.providerId);
      return { provider, identity: await upstreamClient.finish(provider, answer, attempt) };
    },
  };
}

/** Whatever is repeated is left out: there would be two answers (RFC 6749 §3.1). */
export function readAnswer(
  given: Readonly<Record<string, string | string[] | undefined>>,
): UpstreamAnswer {
  return Object.fromEntries(
    Object.entries(given).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}
