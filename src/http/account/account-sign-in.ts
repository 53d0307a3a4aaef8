import type Router from "@koa/router";
import type { Context } from "koa";
import { message } from "../../lib/message.js";
import { accountIdOf } from "../../accounts/sign-in.js";
import { PASSWORD_ACR } from "../../oidc/authentication-context.js";
import { describeAccounts } from "../describe-account.js";
import { KEEP_VALUE } from "../keep-signed-in.js";
import { toAuthentication } from "../passkeys/passkey-ceremonies.js";
import { passkeyProblem, type PasskeyProblem } from "../passkeys/passkey-prompt.js";
import type { AccountDeps } from "./account-deps.js";
import { readLastProvider } from "../federation/last-provider-cookie.js";
import { findWaysIn } from "../federation/ways-in.js";
import { ACCOUNT_PAGES, parseAccountPage, type AccountPage } from "./account-frame.js";
import { passwordRefusal, type FormRefusal } from "../too-many-attempts.js";
import { SIGN_IN_FORM, type AccountGuard } from "./guard.js";

/** The same words for every reason, so that nobody learns which accounts exist. */
const SIGN_IN_REFUSED = message("login.refused");

/** `/account/sign-in`: into the account itself, without an application; and from one account to another. */
export function addAccountSignIn(router: Router, deps: AccountDeps, guard: AccountGuard): void {
  const { browserAccounts, asides, signIn, knownDevices, formGuard, render, audit, basePath } =
    deps;

  interface Typed extends Partial<FormRefusal>, Partial<PasskeyProblem> {
    readonly to: unknown;
    readonly identifier?: string;
    readonly keep?: boolean;
  }

  async function show(ctx: Context, { to, identifier = "", keep = false, ...problem }: Typed) {
    const { error, passkeyError, unknown, status } = problem;
    const held = await browserAccounts.list(ctx);
    const asked = { purpose: SIGN_IN_FORM, action: `${basePath}/account/sign-in/passkey` };
    const passkey = await deps.passkeyCeremonies.askForSignIn(ctx, asked);
    render(
      ctx,
      "account/sign-in",
      {
        base: `${basePath}/account`,
        csrfToken: formGuard.issue(ctx, SIGN_IN_FORM),
        to: parseAccountPage(to),
        accounts: describeAccounts(held),
        wasEnded: browserAccounts.hasCookie(ctx) && !held.some(({ isInUse }) => isInUse),
        identifier,
        keep,
        ...(await waysIn(ctx, parseAccountPage(to))),
        error,
        passkey: passkey && { ...passkey, unknown },
        passkeyError,
      },
      status ?? 200,
    );
  }

  async function waysIn(ctx: Context, page: AccountPage) {
    const path = `${basePath}/account/sign-in/upstream`;
    const last = readLastProvider(ctx);
    const urlOf = (name: string, isOn: boolean) =>
      isOn ? `${basePath}/${name}?to=${page}` : undefined;
    const ways = findWaysIn({ choices: await deps.listForSignIn(), params: {}, last, path });
    return {
      hasPassword: ways.password,
      signUpUrl: urlOf("sign-up", ways.password && asides.signUpStart !== undefined),
      resetUrl: urlOf("reset", ways.password && asides.resetStart !== undefined),
      providers: ways.providers.map((way) => ({ ...way, href: `${way.href}?to=${page}` })),
    };
  }

  router.get("/account/sign-in", (ctx) => {
    const { to, identifier } = ctx.query;
    return show(ctx, { to, identifier: typeof identifier === "string" ? identifier : "" });
  });

  router.post(
    "/account/sign-in",
    guard.anybody(async (ctx, fields) => {
      const { identifier = "", password = "", to } = fields;
      const keep = fields["keep"] === KEEP_VALUE;
      const result = await signIn({ identifier, password, from: knownDevices.sourceOf(ctx) });
      const refused = result.outcome === "refused";
      audit({
        event: "sign_in",
        outcome: refused ? "failure" : "success",
        reason: refused ? result.reason : undefined,
        accountId: accountIdOf(result),
        ip: ctx.ip,
        requestId: String(ctx.state["requestId"]),
      });
      if (refused) {
        const refusal = passwordRefusal(ctx, result, SIGN_IN_REFUSED);
        return show(ctx, { to, identifier, keep, ...refusal });
      }
      const { id: accountId } = result.account;
      const { amr, signedInAtSeconds } = result;
      const authentication = { accountId, acr: PASSWORD_ACR, amr, keep, signedInAtSeconds };
      const goOn = () => lead(ctx, to);
      const place = { kind: "account", path: pathOf(to) } as const;
      return deps.signInHub.completeAccountSignIn(ctx, { place, goOn }, authentication);
    }),
  );

  router.post(
    "/account/sign-in/passkey",
    guard.anybody(async (ctx, fields) => {
      const { identifier = "", to } = fields;
      const keep = fields["keep"] === KEEP_VALUE;
      const proof = await deps.passkeyCeremonies.prove(ctx, { purpose: SIGN_IN_FORM, fields });
      if (proof.outcome === "refused") {
        return show(ctx, { to, identifier, keep, ...passkeyProblem(proof.unknown) });
      }
      const goOn = () => lead(ctx, to);
      const place = { kind: "account", path: pathOf(to) } as const;
      const proven = toAuthentication(proof, keep);
      return deps.signInHub.completeAccountSignIn(ctx, { place, goOn }, proven);
    }),
  );

  router.post(
    "/account/switch",
    guard.anybody(async (ctx, fields) => {
      const session = await browserAccounts.switchTo(ctx, fields["account"] ?? "");
      // Signed out meanwhile: the page shows who is left.
      if (session === undefined) return guard.toSignIn(ctx, parseAccountPage(fields["to"]));
      audit({
        event: "session.chosen",
        outcome: "success",
        accountId: session.accountId,
        ip: ctx.ip,
        requestId: String(ctx.state["requestId"]),
      });
      lead(ctx, fields["to"]);
    }),
  );

  function lead(ctx: Context, to: string | undefined): void {
    ctx.status = 303;
    ctx.redirect(basePath + pathOf(to));
  }
}

function pathOf(to: string | undefined): string {
  return ACCOUNT_PAGES[parseAccountPage(to)].path;
}
