import type Router from "@koa/router";
import type { Context } from "koa";
import type {
  UpstreamProvider,
  UpstreamProviderStore,
} from "../../federation/upstream-provider.js";
import type { Audit } from "../../lib/audit.js";
import { LatchkeyError } from "../../lib/errors.js";
import type { EndedSession } from "../../oidc/end-sessions.js";
import type { UpstreamSessions } from "../../oidc/upstream-sessions.js";
import { readForm } from "../read-form.js";

export interface UpstreamLogoutDeps {
  readonly upstreamProviders: Pick<UpstreamProviderStore, "find">;
  readonly upstreamSessionEnds: Pick<UpstreamSessions, "endByLogoutToken">;
  readonly audit: Audit;
}

/**
 * Where a provider tells that somebody's session there has ended (OpenID Connect Back-Channel Logout
 * §2.5). Each has an address of its own: which keys count is not for the token to say.
 */
export function addBackChannelLogout(router: Router, deps: UpstreamLogoutDeps): void {
  const { upstreamProviders, upstreamSessionEnds, audit } = deps;

  async function end(ctx: Context, providerId: string): Promise<EndedSession[]> {
    const provider = await upstreamProviders.find(providerId);
    if (provider === undefined || !mayEndSessions(provider)) {
      const message = "Nobody here listens to logouts of this provider.";
      throw new LatchkeyError("provider_unavailable", message, { status: 404 });
    }
    const { logout_token: token } = await readForm(ctx);
    if (token === undefined) {
      throw new LatchkeyError("invalid_request", "There is no logout_token.", { status: 400 });
    }
    return upstreamSessionEnds.endByLogoutToken(provider, token);
  }

  router.post("/oauth/back-channel-logout/:provider", async (ctx) => {
    ctx.set("Cache-Control", "no-store");
    const provider = String(ctx.params["provider"]);
    const facts = { provider, ip: ctx.ip, requestId: String(ctx.state["requestId"]) };
    try {
      const ended = await end(ctx, provider);
      const accountId = ended[0]?.accountId;
      const sessions = ended.map(({ handle }) => handle);
      audit({ event: "logout.received", outcome: "success", accountId, sessions, ...facts });
      ctx.status = 200;
      ctx.body = "";
    } catch (err) {
      if (!(err instanceof LatchkeyError)) throw err;
      audit({ event: "logout.received", outcome: "failure", reason: err.message, ...facts });
      // §2.8; whoever asks is a machine, whatever it accepts.
      ctx.status = err.status;
      ctx.body = { error: err.code, error_description: err.message };
    }
  });
}

function mayEndSessions({ disabled, logout }: UpstreamProvider): boolean {
  return !disabled && logout.fromUpstream;
}
