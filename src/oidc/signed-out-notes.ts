import type { Context } from "koa";
import type { Client } from "oidc-provider";
import type { Sealer } from "../lib/seal.js";
import { clientName } from "./client-name.js";

/** What a sign-out ended and what it did not, by the names of applications. */
export interface SignOutEffects {
  /** Are told, and end what they have of the session. */
  readonly told: readonly string[];
  /** Registered no way to be told (OpenID Connect Back-Channel Logout 1.0 §2.2). */
  readonly untold: readonly string[];
  /** Keep their access while the person is away (OpenID Connect Core §11). */
  readonly offline: readonly string[];
}

export interface EndedClient {
  readonly clientId: string;
  readonly outlivesSession: boolean;
}

export interface SignedOutNotes {
  /** For the page that the browser comes to next; the session is gone by then. */
  write(ctx: Context, clients: readonly EndedClient[]): void;
  /** @returns undefined when this browser has not signed out just now. */
  read(ctx: Context): Promise<SignOutEffects | undefined>;
}

export interface SignedOutNotesDeps {
  readonly browserSealer: Sealer;
  readonly findClient: (clientId: string) => Promise<Client | undefined>;
}

/** 2 min: for a reload of the page, and not for whoever uses the browser next. */
const MAX_AGE_MS = 120_000;
/** A cookie has 4096 bytes, and the page is read by a person. */
const MAX_CLIENTS = 30;
const CONTEXT = "signed-out";

export function createSignedOutNotes(deps: SignedOutNotesDeps): SignedOutNotes {
  const { browserSealer, findClient } = deps;

  return {
    write(ctx, clients) {
      const entries = clients
        .slice(0, MAX_CLIENTS)
        .map(({ clientId, outlivesSession }) => [clientId, outlivesSession]);
      ctx.cookies.set(nameFor(ctx), browserSealer.seal(JSON.stringify(entries), CONTEXT), {
        httpOnly: true,
        sameSite: "lax",
        path: "/",
        // Sealed, so a signature would add nothing but length.
        signed: false,
        overwrite: true,
        maxAge: MAX_AGE_MS,
      });
    },

    async read(ctx) {
      const sealed = ctx.cookies.get(nameFor(ctx), { signed: false });
      const json = sealed === undefined ? undefined : browserSealer.open(sealed, CONTEXT);
      if (json === undefined) return undefined;
      const entries: [string, boolean][] = JSON.parse(json);
      const found = await Promise.all(
        entries.map(async ([clientId, outlivesSession]) => {
          const client = await findClient(clientId);
          return client === undefined ? [] : [{ client, outlivesSession }];
        }),
      );
      const named = found.flat().map(({ client, outlivesSession }) => ({
        name: clientName(client),
        isTold: client.backchannelLogoutUri !== undefined,
        outlivesSession,
      }));
      return {
        told: named.filter(({ isTold }) => isTold).map(({ name }) => name),
        untold: named.filter(({ isTold }) => !isTold).map(({ name }) => name),
        offline: named.filter(({ outlivesSession }) => outlivesSession).map(({ name }) => name),
      };
    },
  };
}

/** Plain http cannot have `__Host-`. */
function nameFor(ctx: Context): string {
  return ctx.secure ? "__Host-latchkey_signed_out" : "latchkey_signed_out";
}
