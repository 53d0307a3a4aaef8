import type { SigningKeyStore, StoredSigningKey } from "../keys/signing-key-store.js";
import type { Clock } from "../lib/clock.js";
import type { Database } from "./open-database.js";
import { reportOutages } from "./report-outages.js";
import type { SigningKeyRow } from "./tables.js";

export interface SqlSigningKeyStoreDeps {
  readonly database: Database;
  /** Not used: keys carry their times. Here so that all stores are made alike. */
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
        .insert(toRow(key))
        .onConflict() // of either key: the kid, or the generation of an algorithm
        .ignore()
        .returning("kid");
      return inserted.length === 1;
    },

    async setPublishedUntil(kid, seconds) {
      return (await knex("signing_key").where({ kid }).update({ published_until: seconds })) === 1;
    },

    async replaceSealed(kid, from, to) {
      const unchanged = knex("signing_key").where({ kid, sealed_private_jwk: from });
      return (await unchanged.update({ sealed_private_jwk: to })) === 1;
    },

    advance: (algorithm, signsFromSeconds) =>
      knex("signing_key")
        .where({ algorithm })
        .where("signs_from", ">", signsFromSeconds)
        .update({ signs_from: signsFromSeconds }),

    drop: (kid, successor) =>
      knex.transaction(async (transaction) => {
        const dropped = await transaction("signing_key").where({ kid }).delete();
        if (dropped === 0 || successor === undefined) return dropped === 1;
        // A generation that somebody else added meanwhile takes its place.
        await transaction("signing_key").insert(toRow(successor)).onConflict().ignore();
        await transaction("signing_key")
          .where({ algorithm: successor.algorithm })
          .where("signs_from", ">", successor.signsFromSeconds)
          .update({ signs_from: successor.signsFromSeconds });
        return true;
      }),
  });
}

function toKey(row: SigningKeyRow): StoredSigningKey {
  return {
    kid: row.kid,
    algorithm: row.algorithm,
    generation: row.generation,
    sealedJwk: row.sealed_private_jwk,
    createdAtSeconds: row.created_at,
    signsFromSeconds: row.signs_from ?? row.created_at,
    publishedUntilSeconds: row.published_until ?? undefined,
  };
}

function toRow(key: StoredSigningKey): SigningKeyRow {
  return {
    kid: key.kid,
    algorithm: key.algorithm,
    generation: key.generation,
    sealed_private_jwk: key.sealedJwk,
    created_at: key.createdAtSeconds,
    signs_from: key.signsFromSeconds,
    published_until: key.publishedUntilSeconds ?? null,
  };
}
