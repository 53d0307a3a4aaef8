import type { KoaContextWithOIDC } from "oidc-provider";

export interface ProvenSignOutDeps {
  /** Ends the session that has this uid, if it still lives. */
  readonly endSession: (uid: string) => Promise<unknown>;
}

/**
 * Signs out without asking when the application has shown by a valid ID token that it is the one that
 * this very session was opened for (OpenID Connect RP-Initiated Logout 1.0 §2, §4).
 *
 * @returns false, with nothing done, when the person has to be asked.
 */
export type ProvenSignOut = (ctx: KoaContextWithOIDC) => Promise<boolean>;

export function createProvenSignOut({ endSession }: ProvenSignOutDeps): ProvenSignOut {
  return async (ctx) => {
    const { session, provider } = ctx.oidc;
    if (session === undefined || !isProven(ctx)) return false;
    await endSession(session.uid);
    // So that the library does not save it once more.
    Object.assign(session, { destroyed: true });
    const options = { httpOnly: true, path: "/", signed: true, overwrite: true } as const;
    ctx.cookies.set(provider.cookieName("session"), null, { ...options, sameSite: "lax" });
    provider.emit("end_session.success", ctx);
    ctx.status = 303;
    ctx.redirect(returnAddress(ctx));
    return true;
  };
}

/** The hint is valid: the library has verified it, of whatever age it is (§2). */
function isProven({ oidc: { session, client, entities } }: KoaContextWithOIDC): boolean {
  const hint: { sid?: unknown; sub?: unknown } | undefined = entities.IdTokenHint?.payload;
  if (hint === undefined || client === undefined || session?.accountId === undefined) return false;
  const authorization = session.authorizations?.[client.clientId];
  // Nothing of this session went to the application: its token is of another one of the person's.
  if (authorization?.grantId === undefined) return false;
  if (hint.sid !== undefined) return hint.sid === authorization.sid;
  return hint.sub === session.accountId;
}

/** As the library keeps it for the page that asks: registered for this client, with its `state`. */
function returnAddress(ctx: KoaContextWithOIDC): string {
  const { postLogoutRedirectUri, state }: Record<string, unknown> = ctx.oidc.session?.state ?? {};
  if (typeof postLogoutRedirectUri !== "string") return ctx.oidc.urlFor("end_session_success");
  const url = new URL(postLogoutRedirectUri);
  if (typeof state === "string") url.searchParams.set("state", state);
  return url.href;
}
