import { errors, type Adapter, type AdapterPayload } from "oidc-provider";
import { hashClientSecret, isClientSecretHash } from "../clients/client-secret.js";
import type { ClientStore } from "../clients/client-store.js";
import { findUnsafeUri } from "../clients/find-unsafe-uri.js";
import { POLICY_GRANTS } from "./grant-types.js";
import type { RevokeBefore } from "./revoke-before.js";

export interface ClientAdapterDeps {
  readonly clients: ClientStore;
  readonly revokeBefore: RevokeBefore;
}

/**
 * Clients as the library sees them: metadata with the secret's hash in place of the secret. What an
 * administrator decides (`ClientPolicy`) is not part of it, so no registration request reaches it.
 */
export function createClientAdapter({ clients, revokeBefore }: ClientAdapterDeps): Adapter {
  return {
    async find(clientId) {
      const record = await clients.find(clientId);
      if (record === undefined) return undefined;
      // A copy: the record may be kept and is frozen, and the library writes into what it gets.
      const metadata = structuredClone(record.metadata);
      const payload: AdapterPayload = { ...metadata, client_id: record.clientId };
      if (record.secretHash !== undefined) payload["client_secret"] = record.secretHash;
      return payload;
    },

    async upsert(clientId, payload) {
      const { client_secret: secret, client_id: _clientId, ...metadata } = payload;
      const problem = findUnsafeUri(metadata);
      if (problem !== undefined) throw new errors.InvalidClientMetadata(problem);
      assertRegistrable(metadata["grant_types"]);
      await clients.saveRegistration(clientId, metadata, secretAtRest(secret));
    },

    async destroy(clientId) {
      await revokeBefore({ subject: "client", id: clientId });
      await clients.delete(clientId);
    },

    findByUid: () => unsupported("findByUid"),
    findByUserCode: () => unsupported("findByUserCode"),
    consume: () => unsupported("consume"),
    revokeByGrantId: () => unsupported("revokeByGrantId"),
  };
}

function assertRegistrable(grantTypes: unknown): void {
  if (Array.isArray(grantTypes) && grantTypes.some((type) => POLICY_GRANTS.has(type))) {
    throw new errors.InvalidClientMetadata("grant_types holds one that cannot be registered");
  }
}

function secretAtRest(secret: unknown): string | undefined {
  if (typeof secret !== "string") return undefined;
  return isClientSecretHash(secret) ? secret : hashClientSecret(secret);
}

function unsupported(method: string): Promise<never> {
  return Promise.reject(new TypeError(`oidc-provider called ${method} on the Client adapter`));
}
