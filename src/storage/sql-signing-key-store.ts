import type { SigningKeyStore, StoredSigningKey } from "../keys/signing-key-store.js";
import type { Clock } from "../lib/clock.js";
import type { Database } from "./open-database.js";
import { reportOutages } from "./report-outages.js";
import type { SigningKeyRow } from "./tables.js";

export interface SqlSigningKeyStoreDeps {
  readonly database: Database;
  /** Not used: keys carry the time of their making. Here so that all stores are made alike. */
  readonly clock: Clock;
}

/** Signing keys in `signing_key`, sealed by their owner; this store never sees an open one. */
export function createSqlSigningKeyStore({ database }: SqlSigningKeyStoreDeps): SigningKeyStore {
  const { knex, dialect } = database;

  return reportOutages<SigningKeyStore>(dialect, {
    async list() {
      return (await knex("signing_key").orderBy(["algorithm", "generation"])).map(toKey);
    },

    async insert(key) {
      const inserted = await knex("signing_key")
        .insert({
          kid: key.kid,
          algorithm: key.algorithm,
          generation: key.generation,
          sealed_private_jwk: key.sealedPrivateJwk,
          created_at: key.createdAtSeconds,
        })
        .onConflict() // of either key: the kid, or the generation of an algorithm
        .ignore()
        .returning("kid");
      return inserted.length === 1;
    },
  });
}

function toKey(row: SigningKeyRow): StoredSigningKey {
  return {
    kid: row.kid,
    algorithm: row.algorithm,
    generation: row.generation,
    sealedPrivateJwk: row.sealed_private_jwk,
    createdAtSeconds: row.created_at,
  };
}
