import type { Configuration } from "oidc-provider";
import type { Clock } from "../lib/clock.js";

export interface Lifetimes {
  readonly accessTokenSeconds: number;
  /** Unused for so long, a refresh token ends; each rotation starts anew. */
  readonly refreshTokenSeconds: number;
  /** The end of a grant and its refresh tokens, however often they are used. */
  readonly grantSeconds: number;
  readonly sessionIdleSeconds: number;
  readonly sessionAbsoluteSeconds: number;
}

/** 60 s: RFC 6749 §4.1.2 allows 10 min at most; a code is redeemed at once. */
const AUTHORIZATION_CODE_SECONDS = 60;
/** 10 min: long enough to reach another device, short enough to type a code before it is guessed. */
const DEVICE_CODE_SECONDS = 600;
/** 1 h: ASVS 9.2.1; the library's default. */
const ID_TOKEN_SECONDS = 3600;
/** 1 h: someone looks for their password; the same request is restarted afterwards. */
const INTERACTION_SECONDS = 3600;

export function createLifetimes(
  lifetimes: Lifetimes,
  clock: Clock,
): NonNullable<Configuration["ttl"]> {
  return {
    AccessToken: (_ctx, token) =>
      token.resourceServer?.accessTokenTTL ?? lifetimes.accessTokenSeconds,
    ClientCredentials: (_ctx, token) =>
      token.resourceServer?.accessTokenTTL ?? lifetimes.accessTokenSeconds,
    AuthorizationCode: AUTHORIZATION_CODE_SECONDS,
    DeviceCode: DEVICE_CODE_SECONDS,
    BackchannelAuthenticationRequest: DEVICE_CODE_SECONDS,
    IdToken: ID_TOKEN_SECONDS,
    Interaction: INTERACTION_SECONDS,
    Grant: lifetimes.grantSeconds,
    RefreshToken: (ctx) => {
      const grantEnd = ctx.oidc.entities.Grant?.exp;
      const left = grantEnd === undefined ? lifetimes.grantSeconds : grantEnd - clock.nowSeconds();
      return Math.max(1, Math.min(lifetimes.refreshTokenSeconds, left));
    },
    Session: (_ctx, session) => {
      const age = session.loginTs === undefined ? 0 : clock.nowSeconds() - session.loginTs;
      const left = lifetimes.sessionAbsoluteSeconds - age;
      return Math.max(1, Math.min(lifetimes.sessionIdleSeconds, left));
    },
  };
}
