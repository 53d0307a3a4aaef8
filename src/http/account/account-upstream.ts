/**
 * Ways through other providers that begin and end at the account: into it, to prove oneself anew,
 * and to connect an identity with it.
 */
import type Router from "@koa/router";
import type { Context } from "koa";
import { isDomainAllowed } from "../../accounts/decide-federated-sign-in.js";
import { FederationError } from "../../federation/federation-error.js";
import { findUsable } from "../../federation/sign-in-choices.js";
import type { BeginOptions } from "../../federation/upstream-client.js";
import { message } from "../../lib/message.js";
import type { Authentication, HeldSession } from "../../oidc/browser-accounts.js";
import { describeAccount } from "../describe-account.js";
import { rememberLastProvider } from "../federation/last-provider-cookie.js";
import { providerOf } from "../federation/provider-of.js";
import { describeRefusal } from "../federation/refusal-words.js";
import { leadOnInLanguage } from "../language-links.js";
import type { AtAccount } from "../sign-in-hub.js";
import type { UpstreamArrival } from "../federation/upstream-sign-ins.js";
import type { AccountActs } from "./account-acts.js";
import type { AccountDeps } from "./account-deps.js";
import { ACCOUNT_PAGES, formPurpose, parseAccountPage, type AccountPage } from "./account-frame.js";
import type { AccountGuard } from "./guard.js";
import { createLinkOffers } from "./identity-acts.js";
import type { Notices } from "./notice.js";

export interface AccountUpstreamDeps extends AccountDeps {
  readonly guard: AccountGuard;
  readonly acts: AccountActs;
  readonly notices: Notices;
}

export function addAccountUpstream(router: Router, deps: AccountUpstreamDeps): void {
  const { browserAccounts, federatedIdentities, upstreamSignIns, guard, acts, basePath } = deps;
  const offers = createLinkOffers(deps.browserSealer, deps.clock);

  router.get("/account/sign-in/upstream/:provider", (ctx) => {
    const page = parseAccountPage(ctx.query["to"]);
    return start(ctx, { purpose: { kind: "account-sign-in", page } });
  });

  router.get("/account/confirm/upstream/:provider", async (ctx) => {
    const current = await browserAccounts.findCurrent(ctx);
    const act = String(ctx.query["act"]);
    if (current === undefined) return guard.toSignIn(ctx, "sign-ins");
    if (acts.openAct(act, current) === undefined) return lead(ctx, "sign-ins");
    const accountId = current.account.id;
    const choices = await deps.listForSignIn();
    const choice = choices.find(({ id }) => id === providerOf(ctx));
    // One that cannot ask anew at least says who is there now, as signing out and in again would.
    const login = choice?.canReauthenticate === true;
    return start(ctx, { purpose: { kind: "account-confirm", accountId, act }, login });
  });

  router.get("/account/upstream/:provider", async (ctx) => {
    const current = await browserAccounts.findCurrent(ctx);
    if (current === undefined) return guard.toSignIn(ctx, "security");
    const act = { kind: "prepare-link", provider: providerOf(ctx) } as const;
    if (!(await acts.isFresh(current))) return acts.confirm(ctx, act, current);
    return start(ctx, { purpose: { kind: "link", accountId: current.account.id } });
  });

  router.get("/account/upstream", (ctx) => {
    const attempt = upstreamSignIns.find(ctx, { state: String(ctx.query["state"]) });
    return orFailure(ctx, attempt?.providerId, async () => {
      if (attempt === undefined || attempt.purpose.kind === "sign-in") throw unknownAttempt();
      const { purpose } = attempt;
      if (purpose.kind === "account-sign-in") {
        return signIn(
          ctx,
          parseAccountPage(purpose.page),
          await upstreamSignIns.finish(ctx, purpose),
        );
      }
      const current = await browserAccounts.findCurrent(ctx);
      // Signed out, or somebody else has signed in, in another tab.
      if (current === undefined || current.account.id !== purpose.accountId) throw unknownAttempt();
      const arrival = await upstreamSignIns.finish(ctx, purpose);
      if (purpose.kind === "link") return offer(ctx, current, arrival);
      return confirm(ctx, { current, arrival, act: purpose.act });
    });
  });

  router.get("/account/link", async (ctx) => {
    const current = await browserAccounts.findCurrent(ctx);
    if (current === undefined) return guard.toSignIn(ctx, "security");
    const link = String(ctx.query["link"]);
    const found = offers.open(link, current.uid);
    const provider =
      found === undefined ? undefined : await findUsable(deps.upstreamProviders, found.provider);
    if (found === undefined || provider === undefined) return lead(ctx, "security");
    deps.render(ctx, "account/link", {
      base: `${basePath}/account`,
      csrfToken: deps.formGuard.issue(ctx, formPurpose(current)),
      link,
      provider: { name: provider.displayName, icon: provider.icon },
      upstreamName: found.email ?? found.username ?? "",
      person: describeAccount(current.account),
    });
  });

  async function signIn(ctx: Context, page: AccountPage, arrival: UpstreamArrival): Promise<void> {
    const result = await deps.federatedSignIn(arrival.identity, arrival.provider);
    if (result.outcome === "signed_in") {
      tell(ctx, arrival, { accountId: result.account.id, by: result.by });
      rememberLastProvider(ctx, arrival.provider.id);
      const goOn = () => lead(ctx, page);
      const place = { kind: "account", path: ACCOUNT_PAGES[page].path } as const;
      return startSession(arrival, { ctx, accountId: result.account.id, keep: false, place, goOn });
    }
    // Proof belongs to the way into an application; here the page itself connects the two.
    const reason = result.outcome === "refused" ? result.reason : "address_taken";
    return refuse(ctx, arrival, { reason, page: "/account/sign-in" });
  }

  async function confirm(
    ctx: Context,
    { current, arrival, act: sealed }: Confirmation,
  ): Promise<void> {
    const { account, isKept } = current;
    const identity = await federatedIdentities.find(arrival.identity);
    const isSame = identity?.accountId === account.id;
    const reason = isSame ? undefined : "other_account";
    tell(ctx, arrival, { accountId: account.id, reason, by: "identity" });
    const act = acts.openAct(sealed, current);
    if (!isSame || act === undefined) {
      deps.notices.leave(ctx, current.uid, message("account.not-this-account"));
      return lead(ctx, "security");
    }
    const goOn = () => acts.perform(ctx, act, current);
    const place = { kind: "confirm", act: sealed } as const;
    return startSession(arrival, { ctx, accountId: account.id, keep: isKept, place, goOn });
  }

  async function offer(ctx: Context, current: HeldSession, arrival: UpstreamArrival) {
    const { provider, identity } = arrival;
    const { path: page } = ACCOUNT_PAGES.security;
    const known = await federatedIdentities.find(identity);
    if (known !== undefined && known.accountId !== current.account.id) {
      return refuse(ctx, arrival, { reason: "linked_elsewhere", page });
    }
    if (!isDomainAllowed(provider, identity)) {
      return refuse(ctx, arrival, { reason: "domain_not_allowed", page });
    }
    const { issuer, subject } = identity;
    const { email, username } = identity.claims;
    const found = { provider: provider.id, issuer, subject, email, username };
    ctx.status = 303;
    ctx.redirect(`${basePath}/account/link?link=${offers.seal(found, current.uid)}`);
  }

  function startSession(
    { identity }: UpstreamArrival,
    { ctx, place, goOn, ...who }: SessionStart,
  ): Promise<void> {
    const { providerId, issuer, subject, sid, idToken } = identity;
    const { acr, amr, authTimeSeconds } = identity.authentication;
    const upstream = { providerId, issuer, subject, sid, authTimeSeconds };
    const proven = {
      ...who,
      acr,
      amr,
      signedInAtSeconds: deps.clock.nowSeconds(),
      upstream,
      upstreamIdToken: idToken,
    };
    return deps.signInHub.completeAccountSignIn(ctx, { place, goOn }, proven);
  }

  function refuse(
    ctx: Context,
    arrival: UpstreamArrival,
    { reason, page }: { reason: Parameters<typeof describeRefusal>[0]; page: string },
  ): void {
    const { provider, identity } = arrival;
    tell(ctx, arrival, { reason });
    const person = { providerName: provider.displayName, email: identity.claims.email };
    const data = {
      ...describeRefusal(reason, person),
      errorCode: reason,
      errorDescription: undefined,
      requestId: String(ctx.state["requestId"]),
      wayOn: { href: basePath + page, label: message("account.go-back") },
    };
    leadOnInLanguage(ctx, data.wayOn.href);
    deps.render(ctx, "error", data, 403);
  }

  function start(ctx: Context, options: BeginOptions): Promise<void> {
    const id = providerOf(ctx);
    return orFailure(ctx, id, () => upstreamSignIns.start(ctx, id, options));
  }

  async function orFailure(
    ctx: Context,
    id: string | undefined,
    work: () => Promise<void>,
  ): Promise<void> {
    try {
      await work();
    } catch (err) {
      if (!(err instanceof FederationError)) throw err;
      const wayOn = {
        href: basePath + ACCOUNT_PAGES.security.path,
        label: message("account.go-to"),
      };
      const provider = (await deps.upstreamProviders.list()).find((each) => each.id === id);
      deps.upstreamFailures.show(ctx, err, { provider, wayOn });
    }
  }

  function tell(ctx: Context, { provider, identity }: UpstreamArrival, entry: Told): void {
    deps.audit({
      event: "sign_in",
      outcome: entry.reason === undefined ? "success" : "failure",
      ...entry,
      provider: provider.id,
      upstreamIssuer: identity.issuer,
      ip: ctx.ip,
      requestId: String(ctx.state["requestId"]),
    });
  }

  function lead(ctx: Context, page: AccountPage): void {
    ctx.status = 303;
    ctx.redirect(basePath + ACCOUNT_PAGES[page].path);
  }
}

interface SessionStart extends AtAccount, Pick<Authentication, "accountId" | "keep"> {
  readonly ctx: Context;
}

interface Confirmation {
  readonly current: HeldSession;
  readonly arrival: UpstreamArrival;
  /** Sealed. */
  readonly act: string;
}

interface Told {
  readonly accountId?: string;
  /** Undefined: it succeeded. */
  readonly reason?: string | undefined;
  readonly by?: string;
}

function unknownAttempt(): FederationError {
  return new FederationError("attempt_unknown", "begun by nobody who is signed in now");
}
