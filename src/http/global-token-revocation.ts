import type Router from "@koa/router";
import { toAccountId, type Account } from "../accounts/account.js";
import type { AccountStore } from "../accounts/account-store.js";
import type { Audit } from "../lib/audit.js";
import { LatchkeyError } from "../lib/errors.js";
import { GLOBAL_TOKEN_REVOCATION_ROUTE } from "../oidc/routes.js";
import type { EndSessions } from "../oidc/end-sessions.js";
import type { BearerCaller } from "./bearer-caller.js";
import { notThere } from "./managed-sessions.js";
import { readJsonObject } from "./read-body.js";

export interface GlobalTokenRevocationDeps {
  readonly bearerCaller: BearerCaller;
  readonly endSessions: Pick<EndSessions, "endAllOfAccount">;
  readonly accounts: Pick<AccountStore, "find" | "findForSignIn">;
  readonly audit: Audit;
  readonly issuer: string;
}

/** draft-parecki-oauth-global-token-revocation-06: what an incident tool asks for one person. */
export function addGlobalTokenRevocation(router: Router, deps: GlobalTokenRevocationDeps): void {
  const { bearerCaller, endSessions, audit } = deps;
  router.post(GLOBAL_TOKEN_REVOCATION_ROUTE, async (ctx) => {
    const { clientId } = await bearerCaller.requireManager(ctx, "sessions:end");
    const { sub_id: subject } = await readJsonObject(ctx);
    const account = await findAccount(subject, deps);
    if (account === undefined) throw notThere("account");
    await endSessions.endAllOfAccount(account.id, { reason: "incident", includingOffline: true });
    const facts = { accountId: account.id, clientId, ip: ctx.ip };
    audit({ event: "account.changed", outcome: "success", action: "sign-out", ...facts });
    ctx.status = 204;
  });
}

/**
 * A subject identifier of RFC 9493: `opaque` (§3.2.4) and `iss_sub` (§3.2.3) with the `sub` of this
 * server's tokens, `email` (§3.2.2) of an account.
 */
async function findAccount(
  subject: unknown,
  { accounts, issuer }: GlobalTokenRevocationDeps,
): Promise<Account | undefined> {
  const { format, id, email, iss, sub }: Record<string, unknown> = { ...Object(subject) };
  if (format === "opaque") return accounts.find(toAccountId(text(id, "id")));
  if (format === "iss_sub") {
    const subjectId = toAccountId(text(sub, "sub"));
    return text(iss, "iss") === issuer ? accounts.find(subjectId) : undefined;
  }
  if (format !== "email") throw invalid("sub_id must have the format opaque, email or iss_sub");
  const address = text(email, "email");
  // A user name is no address, although people sign in with either.
  if (!address.includes("@")) throw invalid("email of sub_id must be an address");
  const found = (await accounts.findForSignIn(address))?.account;
  return found?.email === undefined ? undefined : found;
}

function text(value: unknown, name: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw invalid(`${name} of sub_id must be a string`);
}

function invalid(message: string): LatchkeyError {
  return new LatchkeyError("invalid_request", message, { status: 400 });
}
