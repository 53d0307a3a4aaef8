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
  /**
   * Where a browser is to go on to whose session has ended here. Undefined: nowhere, also when the
   * provider cannot be asked; the person is signed out here all the same.
   */
  findElsewhere(uid: string, returnTo: string): Promise<SignOutElsewherePage | undefined>;
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

  async function requireElsewhere(
    uid: string,
    returnTo: string,
  ): Promise<SignOutElsewherePage | undefined> {
    const handle = deps.handleOf({ uid });
    const [last] = await upstreamSessions.listOf(handle);
    if (last === undefined) return undefined;
    await upstreamSessions.forget(handle);
    const provider = await upstreamProviders.find(last.providerId);
    const isMeant = provider?.disabled === false && provider.logout.toUpstream;
    const url = isMeant ? await findUrl(provider, last, returnTo) : undefined;
    return url === undefined ? undefined : { displayName: provider?.displayName ?? "", url };
  }

  async function findElsewhere(uid: string, returnTo: string) {
    try {
      return await requireElsewhere(uid, returnTo);
    } catch (err) {
      deps.logger.warn({ err }, "no sign-out at the provider that a session began with");
      return undefined;
    }
  }

  async function leadOn(ctx: KoaContextWithOIDC): Promise<void> {
    const uid = ctx.oidc.session?.uid ?? "";
    const elsewhere = await findElsewhere(uid, ctx.response.get("Location"));
    if (elsewhere === undefined) return;
    ctx.remove("Location");
    await deps.pages.renderSignOutElsewhere(ctx, elsewhere);
  }

  return {
    findElsewhere,
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
