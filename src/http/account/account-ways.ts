import type Router from "@koa/router";
import type { Account } from "../../accounts/account.js";
import type { FederatedIdentity } from "../../accounts/federated-identity.js";
import type { UpstreamProvider } from "../../federation/upstream-provider.js";
import { toButton } from "../federation/ways-in.js";
import type { AccountDeps } from "./account-deps.js";
import type { createFrame } from "./account-frame.js";
import type { IdentityRow } from "./account-views.js";
import { describeTime } from "./describe-time.js";
import type { AccountGuard } from "./guard.js";
import { findWays, identityHandle, listLinked } from "./identity-acts.js";

export interface AccountWaysDeps extends AccountDeps {
  readonly guard: AccountGuard;
  readonly frame: ReturnType<typeof createFrame>;
}

/** `/account/ways`: the password, and who else signs the person in. */
export function addAccountWays(router: Router, deps: AccountWaysDeps): void {
  const { browserAccounts, guard, frame, render, clock, basePath } = deps;

  router.get("/account/ways", async (ctx) => {
    const current = await browserAccounts.findCurrent(ctx);
    if (current === undefined) return guard.toSignIn(ctx, "ways");
    render(ctx, "account/ways", {
      ...(await frame(ctx, current, "ways")),
      ...(await describeWays(current.account)),
    });
  });

  async function describeWays(account: Account) {
    const { id, username } = account;
    const [identities, providers, ways, record, choices, linked] = await Promise.all([
      deps.federatedIdentities.listOfAccount(id),
      deps.upstreamProviders.list(),
      findWays(deps),
      deps.accounts.findForSignIn(username),
      deps.listForSignIn(),
      listLinked(deps, id),
    ]);
    const hasPassword = record?.passwordHash !== undefined;
    const usable = identities.filter(({ issuer }) => ways.issuers.includes(issuer));
    const isEnough = usable.length + (hasPassword && ways.password ? 1 : 0) > 1;
    const taken = new Set(linked.map((choice) => choice.id));
    return {
      password: hasPassword ? describePassword(ways.password) : undefined,
      identities: identities.map((identity) => ({
        ...describeIdentity(identity, providers),
        isUnusable: !usable.includes(identity),
        isLast: !isEnough && usable.includes(identity),
      })),
      providers: choices
        .filter((choice) => !taken.has(choice.id))
        .map((choice) => toButton(choice, `${basePath}/account/upstream`)),
    };
  }

  function describeIdentity(
    identity: FederatedIdentity,
    providers: readonly UpstreamProvider[],
  ): Omit<IdentityRow, "isUnusable" | "isLast"> {
    const provider =
      providers.find(({ id, issuer }) => id === identity.provider && issuer === identity.issuer) ??
      providers.find(({ issuer }) => issuer === identity.issuer);
    const nowSeconds = clock.nowSeconds();
    const { linkedAtSeconds, lastUsedAtSeconds: used } = identity;
    const connected = `Connected ${describeTime(linkedAtSeconds, nowSeconds)}`;
    return {
      handle: identityHandle(identity),
      provider: provider?.displayName ?? new URL(identity.issuer).host,
      icon: provider?.icon,
      display: identity.display,
      facts:
        used === undefined ? connected : `${connected} · used ${describeTime(used, nowSeconds)}`,
    };
  }
}

function describePassword(isUsable: boolean): string {
  return isUsable ? "Set" : "Set, but not used to sign in here";
}
