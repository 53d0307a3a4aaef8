import { Provider } from "oidc-provider";
import type { Clock } from "../lib/clock.js";

/** Who vouched for the person of a session, and as whom it is known there. Kept in the session. */
export interface SessionUpstream {
  readonly providerId: string;
  readonly issuer: string;
  readonly subject: string;
  /** Its session there (OpenID Connect Back-Channel Logout §2.1). */
  readonly sid?: string | undefined;
  /** When the person signed in there; undefined: it does not say. */
  readonly authTimeSeconds?: number | undefined;
}

export type SessionModel = Provider["Session"]["prototype"] & {
  upstream?: SessionUpstream | undefined;
};

interface LoginDetails {
  readonly upstream?: SessionUpstream | undefined;
}

/**
 * Lets sessions know of another provider. `loginTs` stays the time at which the session here began,
 * since its end and what was revoked before are reckoned from it; `auth_time` and `max_age` are about
 * when the person last proved itself, which may be long before (OpenID Connect Core §2).
 */
export function keepUpstream(provider: Provider, clock: Clock): void {
  const { prototype } = provider.Session;
  const loginAccount: unknown = Reflect.get(prototype, "loginAccount");
  if (typeof loginAccount !== "function") {
    throw new TypeError("the library's sessions are not those that this server knows");
  }
  Object.assign(prototype, {
    loginAccount(this: SessionModel, details: LoginDetails) {
      Reflect.apply(loginAccount, this, [details]);
      this.upstream = details.upstream ?? upstreamOfInteraction();
    },
    authTime(this: SessionModel) {
      return this.upstream?.authTimeSeconds ?? this.loginTs;
    },
    past(this: SessionModel, age: number | string) {
      const authTime = this.authTime();
      return authTime === undefined || clock.nowSeconds() - authTime > Number(age);
    },
  });
}

/** The library passes on what it knows of a sign-in; the rest is still in its interaction. */
function upstreamOfInteraction(): SessionUpstream | undefined {
  const result = Provider.ctx?.oidc.entities.Interaction?.result;
  const login: LoginDetails & Record<string, unknown> = { ...result?.login };
  return login.upstream;
}
