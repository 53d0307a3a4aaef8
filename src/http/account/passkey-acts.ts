import type { Context } from "koa";
import { message, type Message } from "../../lib/message.js";
import type { HeldSession } from "../../oidc/browser-accounts.js";
import type { AccountDeps } from "./account-deps.js";
import { findWays } from "./identity-acts.js";
import { noticeFacts } from "./notice-facts.js";

/** `passkey`: its credential id. */
export interface PasskeyAct {
  readonly kind: "remove-passkey";
  readonly passkey: string;
}

/** Where what was done shows. */
export const PASSKEYS_PATH = "/account/passkeys";

export function isPasskeyAct(act: { readonly kind: string }): act is PasskeyAct {
  return act.kind === "remove-passkey";
}

export function parsePasskeyAct(fields: Readonly<Record<string, string>>): PasskeyAct | undefined {
  const { act: kind, passkey = "" } = fields;
  return kind === "remove-passkey" ? { kind, passkey } : undefined;
}

export function createPasskeyActs(deps: AccountDeps) {
  const { passkeys, audit } = deps;

  async function findOwn(credentialId: string, { account }: HeldSession) {
    const own = await passkeys.listOfAccount(account.id);
    return own.find((passkey) => passkey.credentialId === credentialId);
  }

  return {
    async describe({ passkey }: PasskeyAct, current: HeldSession): Promise<Message> {
      const name = (await findOwn(passkey, current))?.name ?? message("passkeys.one");
      return message("passkeys.act-remove", { name });
    },

    async perform({ passkey }: PasskeyAct, current: HeldSession, ctx: Context): Promise<Message> {
      const { id: accountId } = current.account;
      const name = (await findOwn(passkey, current))?.name ?? "";
      const outcome = await passkeys.remove(accountId, passkey, await findWays(deps));
      if (outcome === "unknown") return message("passkeys.removed-already");
      const isRemoved = outcome === "removed";
      audit({
        event: "passkey.removed",
        outcome: isRemoved ? "success" : "failure",
        reason: isRemoved ? undefined : outcome,
        accountId,
        by: "account",
        ip: ctx.ip,
        requestId: String(ctx.state["requestId"]),
      });
      if (!isRemoved) return message("passkeys.last-way", { name });
      await deps.notify(accountId, "passkey_removed", { ...noticeFacts(ctx), name });
      return message("passkeys.removed", { name });
    },
  };
}
