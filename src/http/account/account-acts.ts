import type Router from "@koa/router";
import type { Context } from "koa";
import { message } from "../../lib/message.js";
import { MULTI_FACTOR_ACR, PASSWORD_ACR, satisfies } from "../../oidc/authentication-context.js";
import type { Authentication, HeldSession } from "../../oidc/browser-accounts.js";
import { toButton } from "../federation/ways-in.js";
import { describeAccount } from "../describe-account.js";
import { toAuthentication } from "../passkeys/passkey-ceremonies.js";
import { passkeyProblem, type PasskeyProblem } from "../passkeys/passkey-prompt.js";
import type { AccountDeps } from "./account-deps.js";
import { ACCOUNT_PAGES, formPurpose, type AccountPage } from "./account-frame.js";
import { createActs, createSealedActs, parseAct, type Act } from "./acts.js";
import { isFresh as isFreshAt } from "./is-fresh.js";
import { FRESH_PAGES, type FreshPage } from "./fresh-pages.js";
import type { AccountGuard } from "./guard.js";
import { listLinked } from "./identity-acts.js";
import type { Notices } from "./notice.js";
import { isPasskeyAct, PASSKEYS_PATH } from "./passkey-acts.js";
import { passwordRefusal, type FormRefusal } from "../too-many-attempts.js";

const WRONG_PASSWORD = message("login.wrong-password");

export interface AccountActsDeps extends AccountDeps {
  readonly guard: AccountGuard;
  readonly notices: Notices;
}

/** What others need who lead to an act or away from its page. */
export interface AccountActs {
  /** With all that the account has to prove itself. */
  isFresh(current: HeldSession): Promise<boolean>;
  /** Leads to the page that asks for a fresh sign-in. */
  confirm(ctx: Context, act: Act, current: HeldSession): void;
  perform(ctx: Context, act: Act, current: HeldSession): Promise<void>;
  /** @returns false: the request is led to the page that asks for a fresh sign-in, and then there. */
  requireFresh(ctx: Context, current: HeldSession, page: FreshPage): Promise<boolean>;
  openAct(sealed: string, current: HeldSession): Act | undefined;
}

/** What ends something: at once after a fresh sign-in, else after one proved oneself again. */
export function addAccountActs(router: Router, deps: AccountActsDeps): AccountActs {
  const { browserAccounts, formGuard, provePassword, guard, notices, render, audit, clock } = deps;
  const { basePath } = deps;
  const acts = createActs(deps);
  const sealedActs = createSealedActs(deps.browserSealer, clock);

  router.post(
    "/account/acts",
    guard.signedIn(async (ctx, { current, fields }) => {
      const act = parseAct(fields);
      if (act === undefined) return lead(ctx, "sign-ins");
      return (await isFresh(current)) ? perform(ctx, act, current) : confirm(ctx, act, current);
    }),
  );

  router.get("/account/confirm", async (ctx) => {
    const current = await browserAccounts.findCurrent(ctx);
    if (current === undefined) return guard.toSignIn(ctx, "sign-ins");
    const sealed = ctx.query["act"];
    return show(ctx, current, { sealed: typeof sealed === "string" ? sealed : "" });
  });

  router.post(
    "/account/confirm",
    guard.signedIn(async (ctx, { current, fields }) => {
      const sealed = fields["act"] ?? "";
      const act = sealedActs.open(sealed, current.uid);
      if (act === undefined) return lead(ctx, "sign-ins");
      const proven = await provePerson(ctx, current, fields["password"] ?? "");
      if ("error" in proven) return show(ctx, current, { sealed, ...proven });
      const goOn = () => perform(ctx, act, current);
      const place = { kind: "confirm", act: sealed } as const;
      return deps.signInHub.completeAccountSignIn(ctx, { place, goOn }, proven);
    }),
  );

  router.post(
    "/account/confirm/passkey",
    guard.signedIn(async (ctx, { current, fields }) => {
      const sealed = fields["act"] ?? "";
      const act = sealedActs.open(sealed, current.uid);
      if (act === undefined) return lead(ctx, "sign-ins");
      const posted = { purpose: confirmPurpose(current), fields, accountId: current.account.id };
      const proof = await deps.passkeyCeremonies.prove(ctx, posted);
      if (proof.outcome === "refused") {
        return show(ctx, current, { sealed, ...passkeyProblem(proof.unknown) });
      }
      const goOn = () => perform(ctx, act, current);
      const place = { kind: "confirm", act: sealed } as const;
      const proven = toAuthentication(proof, current.isKept);
      return deps.signInHub.completeAccountSignIn(ctx, { place, goOn }, proven);
    }),
  );

  /** By the password of the very account: the session gets a new cookie and a new `auth_time`. */
  async function provePerson(
    ctx: Context,
    { account, isKept }: HeldSession,
    password: string,
  ): Promise<Authentication | FormRefusal> {
    const result = await provePassword({
      identifier: account.username,
      password,
      from: deps.knownDevices.sourceOf(ctx),
    });
    const isSame = result.outcome === "signed_in" && result.account.id === account.id;
    audit({
      event: "sign_in",
      outcome: isSame ? "success" : "failure",
      reason: result.outcome === "refused" ? result.reason : undefined,
      accountId: account.id,
      ip: ctx.ip,
      requestId: String(ctx.state["requestId"]),
    });
    if (result.outcome === "refused") return passwordRefusal(ctx, result, WRONG_PASSWORD);
    if (!isSame) return { error: WRONG_PASSWORD, status: 422 };
    const { amr, signedInAtSeconds } = result;
    return { accountId: account.id, acr: PASSWORD_ACR, amr, keep: isKept, signedInAtSeconds };
  }

  /** @param asked the act, and what is wrong with what was typed for it. */
  async function show(
    ctx: Context,
    current: HeldSession,
    { sealed, error, status, passkeyError, unknown }: AskedAct,
  ) {
    const act = sealedActs.open(sealed, current.uid);
    if (act === undefined) return lead(ctx, "sign-ins");
    const passkey = await deps.passkeyCeremonies.askForSignIn(ctx, {
      purpose: confirmPurpose(current),
      action: `${basePath}/account/confirm/passkey`,
      accountId: current.account.id,
    });
    render(
      ctx,
      "account/confirm",
      {
        action: `${basePath}/account/confirm`,
        cancelUrl: basePath + ACCOUNT_PAGES[acts.pageOf(act)].path,
        csrfToken: formGuard.issue(ctx, formPurpose(current)),
        act: sealed,
        purpose: await acts.describe(act, current),
        person: describeAccount(current.account),
        username: current.account.username,
        ...(await waysToConfirm(current, sealed)),
        error,
        passkey: passkey && { ...passkey, unknown },
        passkeyError,
      },
      status ?? 200,
    );
  }

  async function waysToConfirm({ account }: HeldSession, sealed: string) {
    const [record, linked] = await Promise.all([
      deps.accounts.findForSignIn(account.username),
      listLinked(deps, account.id),
    ]);
    const path = `${basePath}/account/confirm/upstream`;
    return {
      hasPassword: record?.passwordHash !== undefined,
      providers: linked.map((choice) => {
        const button = toButton(choice, path);
        return { ...button, href: `${button.href}?act=${sealed}` };
      }),
    };
  }

  async function isFresh(current: HeldSession): Promise<boolean> {
    if (!isFreshAt(current.signedInAtSeconds, clock)) return false;
    if (satisfies(current.acr, MULTI_FACTOR_ACR)) return true;
    return !(await deps.findFactors(current.account.id)).authenticator;
  }

  function confirm(ctx: Context, act: Act, { uid }: HeldSession): void {
    ctx.status = 303;
    ctx.redirect(`${basePath}/account/confirm?act=${sealedActs.seal(act, uid)}`);
  }

  async function perform(ctx: Context, act: Act, current: HeldSession): Promise<void> {
    if (act.kind === "open") {
      ctx.status = 303;
      ctx.redirect(basePath + FRESH_PAGES[act.page].path);
      return;
    }
    notices.leave(ctx, current.uid, await acts.perform(act, current, ctx));
    if (!isPasskeyAct(act)) return lead(ctx, acts.pageOf(act));
    ctx.status = 303;
    ctx.redirect(basePath + PASSKEYS_PATH);
  }

  function lead(ctx: Context, page: AccountPage): void {
    ctx.status = 303;
    ctx.redirect(basePath + ACCOUNT_PAGES[page].path);
  }

  return {
    isFresh,
    confirm,
    perform,
    async requireFresh(ctx, current, page) {
      if (await isFresh(current)) return true;
      confirm(ctx, { kind: "open", page }, current);
      return false;
    },
    openAct: (sealed, { uid }) => sealedActs.open(sealed, uid),
  };
}

interface AskedAct extends Partial<FormRefusal>, Partial<PasskeyProblem> {
  readonly sealed: string;
}

/** Of the passkey that is asked for before an act. */
function confirmPurpose({ uid }: HeldSession): string {
  return `confirm.${uid}`;
}
