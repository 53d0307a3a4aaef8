import type { EventEmitter } from "node:events";
import type { KoaContextWithOIDC, Provider } from "oidc-provider";
import type { Audit, AuditEvent } from "../lib/audit.js";
import type { Logger } from "../lib/logger.js";
import { findExchangeFacts } from "./exchange-facts.js";
import { AUTHORIZATION_CHALLENGE } from "./grant-types.js";
import { requestFacts } from "./request-facts.js";
import { isJwtRefusal } from "./structured-tokens.js";
import { TOKEN_EXCHANGE } from "./grant-types.js";

export interface EventDeps {
  readonly audit: Audit;
  readonly logger: Logger;
}

/** Other grants issue a token. */
const EVENT_OF_GRANT: Readonly<Record<string, AuditEvent>> = {
  refresh_token: "token.refreshed",
  [TOKEN_EXCHANGE]: "token.exchanged",
};

/** Declared as a method, so that each listener may name the types that its event brings. */
type Listener = { listen(...args: unknown[]): void }["listen"];

/**
 * Turns the library's events into audit lines. The library calls listeners synchronously and does
 * not catch what they throw, so each is wrapped: telling about a request must not fail it.
 */
export function listenToProvider(provider: Provider, { audit, logger }: EventDeps): void {
  const emitter: EventEmitter = provider;
  const on = (event: string, listener: Listener) => {
    emitter.on(event, (...args: unknown[]) => {
      try {
        listener(...args);
      } catch (err) {
        // Not to the log: that may be what failed.
        process.emitWarning(`listener of "${event}" failed`, { detail: String(err) });
      }
    });
  };

  on("server_error", (ctx: KoaContextWithOIDC, err: Error) => {
    logger.error({ err, ...requestFacts(ctx) }, "request failed");
  });

  on("authorization.error", (ctx: KoaContextWithOIDC, err: ErrorFacts) => {
    audit({
      event: "authorization.refused",
      outcome: "failure",
      ...reason(err),
      ...requestFacts(ctx),
    });
  });

  on("grant.success", (ctx: KoaContextWithOIDC) => {
    const grantType = ctx.oidc.params?.["grant_type"];
    // A code and no token; the sign-in has its own line.
    if (grantType === AUTHORIZATION_CHALLENGE) return;
    const event = EVENT_OF_GRANT[String(grantType)] ?? "token.issued";
    const { scope }: { scope?: unknown } = ctx.body ?? {};
    const facts = { grantType, scope, ...requestFacts(ctx), ...findExchangeFacts(ctx) };
    audit({ event, outcome: "success", ...facts });
  });

  on("grant.error", (ctx: KoaContextWithOIDC, err: ErrorFacts) => {
    const isChallenge = ctx.oidc.params?.["grant_type"] === AUTHORIZATION_CHALLENGE;
    const event = isChallenge ? "authorization.refused" : "token.refused";
    const facts = { ...requestFacts(ctx), ...findExchangeFacts(ctx) };
    audit({ event, outcome: "failure", ...reason(err), ...facts });
  });

  on("grant.revoked", (ctx: KoaContextWithOIDC, grantId: string) => {
    // The token endpoint revokes for one reason: a code or refresh token that was used came back.
    if (ctx.oidc.route === "token") {
      audit({ event: "token.replayed", outcome: "failure", grantId, ...requestFacts(ctx) });
    }
    audit({ event: "grant.revoked", outcome: "success", grantId, ...requestFacts(ctx) });
  });

  for (const endpoint of [
    "introspection",
    "revocation",
    "userinfo",
    "pushed_authorization_request",
    "device_authorization",
  ]) {
    on(`${endpoint}.error`, (ctx: KoaContextWithOIDC, err: ErrorFacts) => {
      // Answered by us, and not refused.
      if (isJwtRefusal(err)) return;
      const event = err.message === "invalid_client" ? "client_authentication" : "token.refused";
      audit({ event, outcome: "failure", ...reason(err), ...requestFacts(ctx) });
    });
  }

  on("registration_create.success", registration(audit, "client.registered"));
  on("registration_update.success", registration(audit, "client.updated"));
  on("registration_delete.success", registration(audit, "client.deleted"));
  for (const action of ["create", "read", "update", "delete"]) {
    on(`registration_${action}.error`, (ctx: KoaContextWithOIDC, err: ErrorFacts) => {
      audit({
        event: "client.updated",
        outcome: "failure",
        action,
        ...reason(err),
        ...requestFacts(ctx),
      });
    });
  }

  on("end_session.success", (ctx: KoaContextWithOIDC) => {
    const accountId = ctx.oidc.session?.accountId;
    audit({ event: "sign_out", outcome: "success", ...requestFacts(ctx), accountId });
  });
}

interface ErrorFacts {
  readonly message: string;
  readonly error_description?: string;
  readonly error_detail?: string;
}

/** The library keeps the detail from clients; operators need it. */
function reason(err: ErrorFacts): { reason: string } {
  return { reason: err.error_detail ?? err.error_description ?? err.message };
}

function registration(
  audit: Audit,
  event: "client.registered" | "client.updated" | "client.deleted",
) {
  return (ctx: KoaContextWithOIDC, client: { clientId: string } | undefined) => {
    const clientId = client?.clientId ?? ctx.oidc.client?.clientId;
    audit({ event, outcome: "success", ...requestFacts(ctx), clientId });
  };
}
