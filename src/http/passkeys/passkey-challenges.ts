import type { Context } from "koa";
import type { Clock } from "../../lib/clock.js";
import { randomToken } from "../../lib/random-token.js";
import type { UseOnce } from "../../oidc/use-once.js";
import type { FormGuard } from "../form-guard.js";

export interface PasskeyChallenge {
  /** In base64url. */
  readonly challenge: string;
  /** Of the passkey that is to be made; "" at a sign-in. */
  readonly userHandle: string;
}

/**
 * What authenticators sign. Each counts once, for one purpose, in the browser that it was given to,
 * for some minutes. Nothing is kept of one until it was used: it travels in the form of its page.
 */
export interface PasskeyChallenges {
  /** @returns with `token`, which the form posts as `passkey_challenge`. */
  issue(
    ctx: Context,
    purpose: string,
    userHandle?: string,
  ): PasskeyChallenge & { readonly token: string };
  /** Uses it up, whatever was signed. @returns undefined for anything but the first use of one of ours. */
  use(ctx: Context, purpose: string, token: string): Promise<PasskeyChallenge | undefined>;
}

export interface PasskeyChallengesDeps {
  readonly formGuard: FormGuard;
  readonly passkeyChallengeOnce: UseOnce;
  readonly clock: Clock;
}

/** 10 min: Web Authentication §15.1 gives the person 5, which they need not begin at once. */
const CHALLENGE_SECONDS = 600;

export function createPasskeyChallenges(deps: PasskeyChallengesDeps): PasskeyChallenges {
  const { formGuard, passkeyChallengeOnce, clock } = deps;
  const contextOf = (purpose: string, body: string) => `passkey.${purpose}.${body}`;

  return {
    issue(ctx, purpose, userHandle = "") {
      const challenge = randomToken();
      const expiresAtSeconds = clock.nowSeconds() + CHALLENGE_SECONDS;
      const body = `${expiresAtSeconds}.${challenge}.${userHandle}`;
      const token = `${body}.${formGuard.issue(ctx, contextOf(purpose, body))}`;
      return { challenge, userHandle, token };
    },

    async use(ctx, purpose, token) {
      const end = token.lastIndexOf(".");
      const body = token.slice(0, Math.max(end, 0));
      const verdict = formGuard.check(ctx, contextOf(purpose, body), token.slice(end + 1));
      if (verdict !== "genuine") return undefined;
      const [expiresAtSeconds = "", challenge = "", userHandle = ""] = body.split(".");
      const remainingSeconds = Number(expiresAtSeconds) - clock.nowSeconds();
      if (remainingSeconds <= 0) return undefined;
      const isFirst = await passkeyChallengeOnce(challenge, remainingSeconds);
      return isFirst ? { challenge, userHandle } : undefined;
    },
  };
}
