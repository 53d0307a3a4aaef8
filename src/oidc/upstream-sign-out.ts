import type { KoaContextWithOIDC } from "oidc-provider";
import type { UpstreamProvider, UpstreamProviderStore } from "../federation/upstream-provider.js";
import type {
  UpstreamSession,
  UpstreamSessionStore,
} from "../federation/upstream-session-store.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import type { Sealer } from "../lib/seal.js";
import type { FinishAnswer } from "./finish-answers.js";
import type { ProviderPages, SignOutElsewherePage } from "./provider-pages.js";
import type { SessionDirectory } from "./session-directory.js";
import { idTokenContext } from "./upstream-sessions.js";

export interface UpstreamSignOut {
  /** Lets a sign-out here lead on to the provider where the session had begun, if it is to. */
  readonly leadOn: FinishAnswer;
  /** @returns where the sign-out here had led to; undefined for a `state` that is not ours, or old. */
  openReturnAddress(state: string): string | undefined;
}

export interface UpstreamSignOutDeps {
  readonly upstreamSessions: Pick<UpstreamSessionStore, "listOf" | "forget">;
  readonly upstreamProviders: Pick<UpstreamProviderStore, "find">;
  readonly findEndSessionEndpoint: (provider: UpstreamProvider) => Promise<string | undefined>;
  readonly handleOf: SessionDirectory["handleOf"];
  readonly idTokenSealer: Sealer;
  readonly returnAddressSealer: Sealer;
  readonly pages: Pick<ProviderPages, "renderSignOutElsewhere">;
  readonly issuer: string;
  readonly clock: Clock;
  readonly logger: Pick<Logger, "warn">;
}

/** 1 h: somebody may leave the question of the other site open. */
const RETURN_SECONDS = 3600;
const CONTEXT = "upstream-sign-out";

/** RP-initiated logout at other providers (OpenID Connect RP-Initiated Logout 1.0 §2), after ours. */
export function createUpstreamSignOut(deps: UpstreamSignOutDeps): UpstreamSignOut {
  const { upstreamSessions, upstreamProviders, returnAddressSealer, issuer, clock } = deps;

  async function findUrl(
    provider: UpstreamProvider,
    session: UpstreamSession,
    returnTo: string,
  ): Promise<string | undefined> {
    const endpoint = await deps.findEndSessionEndpoint(provider);
    if (endpoint === undefined) return undefined;
    const { sealedIdToken } = session;
    const hint =
      sealedIdToken === undefined
        ? undefined
        : deps.idTokenSealer.open(sealedIdToken, idTokenContext(session));
    const url = new URL(endpoint);
    if (hint !== undefined) url.searchParams.set("id_token_hint", hint);
    url.searchParams.set("client_id", provider.clientId);
    url.searchParams.set("post_logout_redirect_uri", `${issuer}/oauth/signed-out`);
    const note = JSON.stringify([returnTo, clock.nowSeconds() + RETURN_SECONDS]);
    url.searchParams.set("state", returnAddressSealer.seal(note, CONTEXT));
    return url.href;
  }

  async function findElsewhere(ctx: KoaContextWithOIDC): Promise<SignOutElsewherePage | undefined> {
    const handle = deps.handleOf({ uid: ctx.oidc.session?.uid ?? "" });
    const [last] = await upstreamSessions.listOf(handle);
    if (last === undefined) return undefined;
    await upstreamSessions.forget(handle);
    const provider = await upstreamProviders.find(last.providerId);
    if (provider === undefined || provider.disabled || !provider.logout.toUpstream)
      return undefined;
    const url = await findUrl(provider, last, ctx.response.get("Location"));
    return url === undefined ? undefined : { displayName: provider.displayName, url };
  }

  async function leadOn(ctx: KoaContextWithOIDC): Promise<void> {
    try {
      const elsewhere = await findElsewhere(ctx);
      if (elsewhere === undefined) return;
      ctx.remove("Location");
      await deps.pages.renderSignOutElsewhere(ctx, elsewhere);
    } catch (err) {
      // The person is signed out here, and goes where the application asked for.
      deps.logger.warn({ err }, "no sign-out at the provider that a session began with");
    }
  }

  return {
    leadOn: (ctx) => (hasSignedOut(ctx) ? leadOn(ctx) : undefined),

    openReturnAddress(state) {
      const note = returnAddressSealer.open(state, CONTEXT);
      const [url, untilSeconds]: unknown[] = note === undefined ? [] : JSON.parse(note);
      const isInTime = typeof untilSeconds === "number" && clock.nowSeconds() < untilSeconds;
      return typeof url === "string" && isInTime ? url : undefined;
    },
  };
}

/** Not that of one application alone, whose person stays signed in here. */
function hasSignedOut(ctx: KoaContextWithOIDC): boolean {
  const { route, session } = ctx.oidc ?? {};
  if (route !== "end_session_confirm" && route !== "end_session") return false;
  if (session === undefined || Reflect.get(session, "destroyed") !== true) return false;
  return ctx.status >= 300 && ctx.status < 400;
}
