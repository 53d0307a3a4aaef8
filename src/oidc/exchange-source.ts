import { errors, type Client } from "oidc-provider";
import type { ClientStore } from "../clients/client-store.js";
import { normalizeResourceIdentifier } from "../clients/resource-identifier.js";
import { JWT_TYPE, type TypedToken } from "./exchange-request.js";
import type { FindPresentedToken, PresentedToken } from "./presented-token.js";

export interface ExchangeSourceDeps {
  readonly clients: Pick<ClientStore, "find">;
  readonly findToken: FindPresentedToken;
}

export interface PresentedBy {
  readonly name: "subject_token" | "actor_token";
  readonly client: Client;
  /** What the client has shown to hold in this request, as `confirmationsOf` has it. */
  readonly confirmations: ReadonlySet<string>;
}

/**
 * The token that a client presents. It may exchange those that were issued to it and, when it is an
 * API, those that are meant for it: whoever got hold of any other has no business with it, and an API
 * that is handed a token for another must not be able to make use of it.
 *
 * @throws errors.InvalidRequest for any token that cannot be used, whyever (RFC 8693 §2.2.2).
 */
export function createRequirePresentedToken({ clients, findToken }: ExchangeSourceDeps) {
  return async ({ value, type }: TypedToken, by: PresentedBy): Promise<PresentedToken> => {
    const token = await findToken(value);
    // One answer for all: it does not tell those who try which tokens there are.
    if (token === undefined || !(await mayPresent(by.client, token))) {
      throw new errors.InvalidRequest(`${by.name} is not valid`);
    }
    if (type === JWT_TYPE && token.format !== "jwt") {
      throw new errors.InvalidRequest(`${by.name} is no JWT`);
    }
    assertPossession(token, by);
    return token;
  };

  async function mayPresent({ clientId }: Client, token: PresentedToken): Promise<boolean> {
    if (token.clientId === clientId) return true;
    const own = (await clients.find(clientId))?.policy.resourceServer;
    return own !== undefined && normalizeResourceIdentifier(own) === token.audience;
  }
}

/**
 * A client proves that it holds the key of a token of its own (RFC 9449 §5, RFC 8705 §3). An API cannot, for a
 * token that it was sent: it checked the proof that came with it, and authenticates itself here.
 */
function assertPossession(token: PresentedToken, by: PresentedBy): void {
  if (token.clientId !== by.client.clientId) return;
  if (token.boundTo.every((confirmation) => by.confirmations.has(confirmation))) return;
  throw new errors.InvalidRequest(`${by.name} is bound to a key that was not shown to be held`);
}
