/**
 * Sessions that began at other providers: which of theirs belongs to which of ours, so that the end of
 * one can be the end of the other (decision 0024).
 */
import { hash } from "node:crypto";
import type { UpstreamKeys } from "../federation/upstream-keys.js";
import type { UpstreamProvider, UpstreamProviderStore } from "../federation/upstream-provider.js";
import type { UpstreamSessionStore } from "../federation/upstream-session-store.js";
import type { Clock } from "../lib/clock.js";
import { LatchkeyError } from "../lib/errors.js";
import type { Sealer } from "../lib/seal.js";
import { parseKeySet } from "../tokens/verify-id-token.js";
import { verifyLogoutToken, type LogoutToken } from "../tokens/verify-logout-token.js";
import type { EndedSession, EndSessions } from "./end-sessions.js";
import type { ModelStore } from "./model-store.js";
import type { SaveUpstreamSession } from "./remember-upstream.js";
import type { SessionDirectory } from "./session-directory.js";
import type { SessionUpstream } from "./session-upstream.js";

export interface UpstreamSessions {
  /** For a sign-in without an application; the others are remembered by `createRememberUpstream`. */
  remember(
    uid: string,
    upstream: SessionUpstream | undefined,
    idToken: string | undefined,
  ): Promise<void>;
  /** @returns undefined unless signing out here is to lead on to signing out there. */
  sealIdToken(
    upstream: SessionUpstream | undefined,
    idToken: string | undefined,
  ): Promise<string | undefined>;
  /**
   * Ends what a logout token means (OpenID Connect Back-Channel Logout §2.6, §2.7). When it fails on
   * the way, the provider may send the same token again.
   *
   * @throws LatchkeyError `invalid_request` when the token is not to be believed.
   * @throws FederationError when the provider's keys cannot be read.
   */
  endByLogoutToken(provider: UpstreamProvider, logoutToken: string): Promise<EndedSession[]>;
}

export interface UpstreamSessionsDeps {
  readonly upstreamSessions: UpstreamSessionStore;
  readonly upstreamProviders: Pick<UpstreamProviderStore, "find">;
  readonly upstreamKeys: UpstreamKeys;
  readonly saveUpstreamSession: SaveUpstreamSession;
  readonly sessionDirectory: Pick<SessionDirectory, "findToEnd">;
  readonly endSessions: Pick<EndSessions, "endSession">;
  readonly models: Pick<ModelStore, "find" | "insertOnce">;
  readonly idTokenSealer: Sealer;
  readonly clock: Clock;
}

export function createUpstreamSessions(deps: UpstreamSessionsDeps): UpstreamSessions {
  const { upstreamSessions, upstreamKeys, sessionDirectory, endSessions, models, clock } = deps;

  async function verify(provider: UpstreamProvider, logoutToken: string): Promise<LogoutToken> {
    const { issuer, clientId } = provider;
    for (const isNewWanted of [false, true]) {
      const keys = parseKeySet(await upstreamKeys.read(provider, isNewWanted)) ?? { keys: [] };
      const expectation = { issuer, clientId, keys, nowSeconds: clock.nowSeconds() };
      const verdict = await verifyLogoutToken(logoutToken, expectation);
      if (verdict.verified) return verdict.token;
      if (isNewWanted || !verdict.isKeyUnknown) throw refused(verdict.problem);
    }
    throw refused("the provider publishes no keys");
  }

  async function end(provider: UpstreamProvider, token: LogoutToken): Promise<EndedSession[]> {
    const { subject, sid } = token;
    const meant = await upstreamSessions.listMeant({ providerId: provider.id, subject, sid });
    const ended: EndedSession[] = [];
    for (const { handle } of meant) {
      const session = await sessionDirectory.findToEnd(handle);
      if (session !== undefined) {
        // Refresh tokens with offline_access stay (§2.7).
        const options = { reason: "upstream_logout", includingOffline: false } as const;
        ended.push(await endSessions.endSession(session, options));
      }
      await upstreamSessions.forget(handle);
    }
    return ended;
  }

  const sealIdToken: UpstreamSessions["sealIdToken"] = async (upstream, idToken) => {
    if (upstream === undefined || idToken === undefined) return undefined;
    const provider = await deps.upstreamProviders.find(upstream.providerId);
    if (provider?.logout.toUpstream !== true) return undefined;
    return deps.idTokenSealer.seal(idToken, idTokenContext(upstream));
  };

  return {
    sealIdToken,

    async remember(uid, upstream, idToken) {
      if (upstream === undefined) return;
      const sealedIdToken = await sealIdToken(upstream, idToken);
      await deps.saveUpstreamSession(uid, { upstream, sealedIdToken });
    },

    async endByLogoutToken(provider, logoutToken) {
      const token = await verify(provider, logoutToken);
      const id = hash("sha256", `logout-token ${provider.issuer} ${token.jti}`, "base64url");
      if ((await models.find("ReplayDetection", id)) !== undefined) throw refused("it came before");
      // Ended first: a token that was remembered and ended nothing could not be sent again. Two at
      // once end the same.
      const ended = await end(provider, token);
      const rememberedSeconds = token.usableUntilSeconds - clock.nowSeconds();
      await models.insertOnce("ReplayDetection", id, {}, Math.max(1, rememberedSeconds));
      return ended;
    },
  };
}

/** An ID token opens for the person alone that it is of. */
export function idTokenContext({ providerId, subject }: IdTokenOwner): string {
  return `upstream-id-token ${providerId} ${subject}`;
}

type IdTokenOwner = Pick<SessionUpstream, "providerId" | "subject">;

/** §2.8: the provider is told what is wrong with its token, and the token is no secret of ours. */
function refused(problem: string): LatchkeyError {
  return new LatchkeyError("invalid_request", `The logout token was refused: ${problem}.`, {
    status: 400,
  });
}
