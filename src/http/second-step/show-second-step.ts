import type { Context } from "koa";
import type { Account } from "../../accounts/account.js";
import type { NewSecret, SecondSteps } from "../../accounts/second-steps.js";
import type { Clock } from "../../lib/clock.js";
import type { Message } from "../../lib/message.js";
import type { Sealer } from "../../lib/seal.js";
import { describeAccount } from "../describe-account.js";
import type { Renderer } from "../render.js";
import { qrImage } from "./qr-image.js";

/** The page of one request that is about the second step of one account. */
export interface SecondStepPage {
  readonly ctx: Context;
  readonly account: Account;
  /** Of the pages; forms post to it and below it. */
  readonly path: string;
  readonly csrfToken: string;
  readonly sealedRequest: string;
  /** Who asks for it. */
  readonly why: Message | undefined;
  /** Where to begin anew, or to leave to. */
  readonly leaveUrl: string;
}

export interface ShowSecondStepDeps {
  readonly secondSteps: Pick<SecondSteps, "begin" | "describe">;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly render: Renderer["render"];
  readonly issuer: string;
}

/** 30 min: a telephone may have to be fetched, and an app installed. */
const SECRET_VALID_SECONDS = 1800;

export type ShowSecondStep = ReturnType<typeof createShowSecondStep>;

/** The pages on which an authenticator app is set up, wherever that happens. */
export function createShowSecondStep(deps: ShowSecondStepDeps) {
  const { secondSteps, sealer, clock, render, issuer } = deps;
  const contextOf = ({ id }: Account) => `set-up:${id}`;

  function sealSecret(account: Account, secret: string): string {
    const expiresAtSeconds = clock.nowSeconds() + SECRET_VALID_SECONDS;
    return sealer.seal(JSON.stringify({ secret, expiresAtSeconds }), contextOf(account));
  }

  return {
    /** @returns undefined for what is forged, of another account, or too old. */
    openSecret(account: Account, sealed: string): string | undefined {
      const json = sealer.open(sealed, contextOf(account));
      if (json === undefined) return undefined;
      const { secret, expiresAtSeconds }: { secret: string; expiresAtSeconds: number } =
        JSON.parse(json);
      return expiresAtSeconds <= clock.nowSeconds() ? undefined : secret;
    },

    /** A new secret, or that of the form that was wrong. */
    setUp(
      page: SecondStepPage,
      {
        replaces,
        secret: given,
        error,
      }: { replaces: boolean; secret?: string | undefined; error?: Message },
    ): void {
      const { account } = page;
      const fresh: NewSecret =
        given === undefined ? secondSteps.begin(account) : secondSteps.describe(account, given);
      render(
        page.ctx,
        "second-step/set-up",
        {
          action: `${page.path}/set-up`,
          csrfToken: page.csrfToken,
          sealedRequest: page.sealedRequest,
          why: page.why,
          person: describeAccount(account),
          secret: sealSecret(account, fresh.secret),
          secretText: fresh.secret.replaceAll(/(.{4})(?=.)/g, "$1 "),
          uri: fresh.uri,
          qrImage: qrImage(fresh.uri),
          replaces,
          cancelUrl: page.leaveUrl,
          error,
        },
        error === undefined ? 200 : 422,
      );
    },

    codes(page: SecondStepPage, codes: readonly string[]): void {
      const title = `${new URL(issuer).host} – ${page.account.username}`;
      const text = [title, "", ...codes, ""].join("\r\n");
      render(page.ctx, "second-step/recovery-codes", {
        action: `${page.path}/codes`,
        csrfToken: page.csrfToken,
        sealedRequest: page.sealedRequest,
        codes,
        textUrl: `data:text/plain;charset=utf-8,${encodeURIComponent(text)}`,
      });
    },
  };
}
