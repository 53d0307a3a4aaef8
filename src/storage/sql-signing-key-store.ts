import type { Knex } from "knex";
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

    advance: (algorithm, signsFromSeconds) => advance(knex, algorithm, signsFromSeconds),

    async delete(kid) {
      return (await knex("signing_key").where({ kid }).delete()) === 1;
    },

    drop: (kid, successor) =>
      knex.transaction(async (transaction) => {
        const { algorithm, signsFromSeconds } = successor;
        // Of two that drop keys of one algorithm, the second sees what the first has left.
        const rows = await transaction("signing_key")
          .where({ algorithm })
          .orderBy("generation")
          .forUpdate();
        const started = rows.map(toKey).filter((key) => key.signsFromSeconds <= signsFromSeconds);
        if ((await transaction("signing_key").where({ kid }).delete()) === 0) return false;
        const signing = started.at(-1)?.kid ?? kid;
        if (signing !== kid) return true;
        await transaction("signing_key").insert(toRow(successor)).onConflict().ignore();
        await advance(transaction, algorithm, signsFromSeconds);
        return true;
      }),
  });
}

function advance(knex: Knex, algorithm: string, signsFromSeconds: number): Promise<number> {
  return knex("signing_key")
    .where({ algorithm })
    .where("signs_from", ">", signsFromSeconds)
    .update({ signs_from: signsFromSeconds });
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
