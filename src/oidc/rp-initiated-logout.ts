import type { Configuration, KoaContextWithOIDC } from "oidc-provider";
import { clientName } from "./client-name.js";
import { formSecret } from "./device-flow.js";
import type { FinishAnswer } from "./finish-answers.js";
import type { ProviderPages } from "./provider-pages.js";
import type { SignOut } from "./sign-out.js";
import { readClients } from "./session-facts.js";
import type { SignedOutNotes } from "./signed-out-notes.js";

type RpInitiatedLogout = NonNullable<NonNullable<Configuration["features"]>["rpInitiatedLogout"]>;

/** OpenID Connect RP-Initiated Logout 1.0. */
export function createRpInitiatedLogout(
  pages: Pick<ProviderPages, "renderLogout" | "renderSignedOut">,
  signOut: SignOut,
): RpInitiatedLogout {
  return {
    enabled: true,
    logoutSource: async (ctx) => {
      if (await signOut.prove(ctx)) return;
      await pages.renderLogout(ctx, {
        action: ctx.oidc.urlFor("end_session_confirm"),
        xsrf: formSecret(ctx),
        clientName: nameOfAsking(ctx),
      });
    },
    postLogoutSuccessSource: async (ctx) =>
      pages.renderSignedOut(ctx, {
        clientName: nameOfAsking(ctx),
        clientUri: ctx.oidc.client?.clientUri,
        effects: await signOut.notes.read(ctx),
      }),
  };
}

/** @returns what notes for our own page, if the browser comes to it, what a sign-out has ended. */
export function createNoteSignOut(signedOutNotes: SignedOutNotes): FinishAnswer {
  return (ctx) => {
    const { route, session } = ctx.oidc ?? {};
    if (route !== "end_session_confirm" && route !== "end_session") return;
    if (session === undefined || Reflect.get(session, "destroyed") !== true) return;
    if (!ctx.response.get("Location").startsWith(ctx.oidc.urlFor("end_session_success"))) return;
    signedOutNotes.write(ctx, readClients({ authorizations: session.authorizations }));
  };
}

function nameOfAsking({ oidc: { client } }: KoaContextWithOIDC): string | undefined {
  return client === undefined ? undefined : clientName(client);
}
