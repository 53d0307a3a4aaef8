import type Router from "@koa/router";
import type { Context } from "koa";
import { normalizePasskeyName, type Passkey } from "../../accounts/passkey.js";
import { message } from "../../lib/message.js";
import type { HeldSession } from "../../oidc/browser-accounts.js";
import type { AccountActs } from "./account-acts.js";
import type { AccountDeps } from "./account-deps.js";
import type { createFrame } from "./account-frame.js";
import { countWaysIn } from "./count-ways-in.js";
import type { AccountGuard } from "./guard.js";
import { noticeFacts } from "./notice-facts.js";
import type { Notices } from "./notice.js";
import { PASSKEYS_PATH } from "./passkey-acts.js";
import type { PasskeyRow } from "./passkey-views.js";

export interface PasskeyPagesDeps extends AccountDeps {
  readonly guard: AccountGuard;
  readonly frame: ReturnType<typeof createFrame>;
  readonly acts: AccountActs;
  readonly notices: Notices;
}

const NEW_PATH = `${PASSKEYS_PATH}/new`;
const NAME_PATH = `${PASSKEYS_PATH}/name`;

/** `/account/passkeys`: which there are, a new one after a fresh sign-in, and their names. */
export function addPasskeyPages(router: Router, deps: PasskeyPagesDeps): void {
  const { browserAccounts, passkeys, passkeyCeremonies, guard, frame, acts, notices } = deps;
  const { render, basePath } = deps;
  const { hostname: rpId } = new URL(deps.issuer);

  router.use(PASSKEYS_PATH, async (ctx, next) => {
    if (await deps.arePasskeysOn()) await next();
    else ctx.status = 404;
  });

  router.get(PASSKEYS_PATH, async (ctx) => {
    const current = await browserAccounts.findCurrent(ctx);
    if (current === undefined) return guard.toSignIn(ctx, "security");
    const own = await passkeys.listOfAccount(current.account.id);
    const isOnlyWay = own.length === 1 && (await countWaysIn(deps, current.account)) === 1;
    render(ctx, "account/passkeys", {
      ...(await frame(ctx, current, { page: "security", heading: "passkeys.title" })),
      passkeys: own.map((passkey) => describePasskey(passkey, isOnlyWay)),
      accepted: JSON.stringify(acceptedOf(own, rpId)),
    });
  });

  router.get(NEW_PATH, async (ctx) => {
    const current = await browserAccounts.findCurrent(ctx);
    if (current === undefined) return guard.toSignIn(ctx, "security");
    if (await acts.requireFresh(ctx, current, "new-passkey")) await showNew(ctx, current, false);
  });

  router.post(
    NEW_PATH,
    guard.signedIn(async (ctx, { current, fields }) => {
      if (!(await acts.requireFresh(ctx, current, "new-passkey"))) return;
      const { account } = current;
      const result = await passkeyCeremonies.enrol(ctx, {
        purpose: newPurpose(current),
        fields,
        account,
      });
      if (result.outcome === "refused") return showNew(ctx, current, true);
      const { name } = result.passkey;
      await deps.notify(account.id, "passkey_added", { ...noticeFacts(ctx), name });
      notices.leave(ctx, current.uid, message("passkeys.added", { name }));
      lead(ctx);
    }),
  );

  router.get(NAME_PATH, async (ctx) => {
    const current = await browserAccounts.findCurrent(ctx);
    if (current === undefined) return guard.toSignIn(ctx, "security");
    const own = await passkeys.listOfAccount(current.account.id);
    const passkey = own.find(({ credentialId }) => credentialId === ctx.query["passkey"]);
    if (passkey === undefined) return lead(ctx);
    const { credentialId, name } = passkey;
    return showName(ctx, current, { credentialId, name, isMissing: false });
  });

  router.post(
    NAME_PATH,
    guard.signedIn(async (ctx, { current, fields }) => {
      const { passkey: credentialId = "", name: typed = "" } = fields;
      const name = normalizePasskeyName(typed);
      if (name === undefined) {
        return showName(ctx, current, { credentialId, name: typed, isMissing: true });
      }
      const { id: accountId } = current.account;
      if (await passkeys.rename(accountId, credentialId, name)) {
        const requestId = String(ctx.state["requestId"]);
        const facts = { accountId, by: "account", ip: ctx.ip, requestId };
        deps.audit({ event: "passkey.renamed", outcome: "success", ...facts });
        notices.leave(ctx, current.uid, message("passkeys.renamed"));
      }
      lead(ctx);
    }),
  );

  async function showNew(ctx: Context, current: HeldSession, isRefused: boolean): Promise<void> {
    const data = {
      ...(await frame(ctx, current, { page: "security", heading: "passkeys.add" })),
      passkey: await passkeyCeremonies.askForNew(ctx, {
        purpose: newPurpose(current),
        action: basePath + NEW_PATH,
        account: current.account,
      }),
      problems: isRefused ? [{ field: "passkey-button", text: message("passkeys.not-added") }] : [],
    };
    render(ctx, "account/passkey-new", data, isRefused ? 422 : 200);
  }

  async function showName(
    ctx: Context,
    current: HeldSession,
    { credentialId, name, isMissing }: { credentialId: string; name: string; isMissing: boolean },
  ): Promise<void> {
    const data = {
      ...(await frame(ctx, current, { page: "security", heading: "passkeys.rename-heading" })),
      credentialId,
      name,
      problems: isMissing ? [{ field: "name", text: message("passkeys.name-missing") }] : [],
    };
    render(ctx, "account/passkey-name", data, isMissing ? 422 : 200);
  }

  function lead(ctx: Context): void {
    ctx.status = 303;
    ctx.redirect(basePath + PASSKEYS_PATH);
  }
}

/** Of the passkey that is made on this page. */
function newPurpose({ uid }: HeldSession): string {
  return `new.${uid}`;
}

function describePasskey(passkey: Passkey, isOnlyWay: boolean): PasskeyRow {
  const { credentialId, name, isSynced, createdAtSeconds, lastUsedAtSeconds: used } = passkey;
  const dateOf = (atSeconds: number) => ({ date: { atSeconds, show: "date" } }) as const;
  return {
    credentialId,
    name,
    facts: [
      message(isSynced ? "passkeys.synced" : "passkeys.on-one-device"),
      message("passkeys.added-on", dateOf(createdAtSeconds)),
      used === undefined
        ? message("passkeys.never-used")
        : message("passkeys.used-on", dateOf(used)),
    ],
    isOnlyWay,
  };
}

/** For `PublicKeyCredential.signalAllAcceptedCredentials` (Web Authentication Level 3 §5.1.10.2). */
function acceptedOf(own: readonly Passkey[], rpId: string) {
  return [...Map.groupBy(own, ({ userHandle }) => userHandle)].map(([userId, passkeys]) => ({
    rpId,
    userId,
    allAcceptedCredentialIds: passkeys.map(({ credentialId }) => credentialId),
  }));
}
