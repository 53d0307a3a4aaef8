/**
 * Back-channel logout (OpenID Connect Back-Channel Logout 1.0): what is enqueued for a client instead
 * of being sent in somebody's request, and how it is sent later, with the library's own logout token.
 */
import { STATUS_CODES } from "node:http";
import { errors, type Client, type Provider } from "oidc-provider";
import type { SendLogout, SendOutcome } from "../sessions/logout-delivery.js";
import type { RequestedLogout } from "../sessions/logout-delivery-store.js";
import type { LogoutQueue } from "../sessions/logout-queue.js";
import { isOutage } from "./translate-outages.js";

/** A client that asked to be told, and the session of this account that ended. */
export interface EndedSession {
  readonly client: Client;
  readonly accountId: string;
  readonly sid: string;
}

/** The library's method, which signs a token for this client and posts it (§2.4, §2.5). */
type SendToken = (this: Client, accountId: string, sid: string) => Promise<void>;

/** Missing in the library's types (@types/oidc-provider 9.12.1). */
interface LogoutPrototype {
  backchannelLogout: SendToken;
}

export interface BackchannelLogout {
  /**
   * For whoever ends sessions, and before they end: resolves when all clients that registered where to
   * tell them are sure to be told.
   */
  enqueueLogout(ended: readonly EndedSession[]): Promise<void>;
  readonly send: SendLogout;
}

/** Makes `Client.backchannelLogout` of the library leave word in the queue, too. */
export function createBackchannelLogout(
  provider: Provider,
  queue: Pick<LogoutQueue, "enqueueLogout">,
): BackchannelLogout {
  const prototype: Client & Partial<LogoutPrototype> = provider.Client.prototype;
  const sendToken = prototype.backchannelLogout;
  if (sendToken === undefined) throw new TypeError("oidc-provider has no backchannelLogout");

  const enqueueLogout = (ended: readonly EndedSession[]) =>
    queue.enqueueLogout(ended.flatMap(toRequestedLogout));

  prototype.backchannelLogout = function enqueue(accountId, sid) {
    return enqueueLogout([{ client: this, accountId, sid }]);
  };
  // The library would go on and end the session, of which its clients then never learn. What a
  // listener throws ends the request instead, with the session as it was.
  provider.on("backchannel.error", (_ctx, err) => {
    throw err;
  });

  return {
    enqueueLogout,
    send: (logout) =>
      toOutcome(async () => {
        const client = await provider.Client.find(logout.clientId);
        if (client === undefined) return refused("the client was deleted");
        if (client.backchannelLogoutUri === undefined) {
          return refused("the client no longer has a backchannel_logout_uri");
        }
        await sendToken.call(client, logout.accountId, logout.sid);
        return { result: "delivered" };
      }),
  };
}

/** @returns nothing for a client that did not register where to tell it. */
function toRequestedLogout({ client, accountId, sid }: EndedSession): RequestedLogout[] {
  if (client.backchannelLogoutUri === undefined) return [];
  const { host: destination } = new URL(client.backchannelLogoutUri);
  return [{ clientId: client.clientId, accountId, sid, destination }];
}

async function toOutcome(attempt: () => Promise<SendOutcome>): Promise<SendOutcome> {
  try {
    return await attempt();
  } catch (err) {
    if (isOutage(err)) throw err;
    const status = statusOf(err);
    if (status === undefined) return { result: "failed", reason: describeFailure(err) };
    const reason = `it answered ${status} ${STATUS_CODES[status] ?? ""}`.trimEnd();
    // The client's own word that it will not (§2.8); §2.5 asks not to insist. Anything else may come
    // from what stands before a client that is away.
    return { result: status === 400 ? "refused" : "failed", reason };
  }
}

function statusOf(err: unknown): number | undefined {
  const response = err instanceof Error && "response" in err ? err.response : undefined;
  return response instanceof Response ? response.status : undefined;
}

/** What went wrong, in words for an administrator: `fetch` itself says little. */
function describeFailure(err: unknown): string {
  if (!(err instanceof Error)) return String(err);
  if (err.name === "TimeoutError") return "it did not answer in time";
  if (err instanceof errors.OIDCProviderError) return err.error_description ?? err.message;
  const { cause } = err;
  if (!(cause instanceof Error)) return err.message;
  const code = "code" in cause ? String(cause.code) : "";
  const words = cause.message || err.message;
  return words.includes(code) ? words : `${words} (${code})`;
}

function refused(reason: string): SendOutcome {
  return { result: "refused", reason };
}
