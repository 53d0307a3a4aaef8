import type { ClientPolicy, ClientRecord, ClientStore } from "../clients/client-store.js";
import type { Clock } from "../lib/clock.js";
import { LatchkeyError } from "../lib/errors.js";
import { createBatchedFind } from "./batched-find.js";
import { isFindable } from "./findable.js";
import type { Database } from "./open-database.js";
import { reportOutages } from "./report-outages.js";
import { parseStoredObject } from "./stored-json.js";
import type { ClientRow } from "./tables.js";

export interface SqlClientStoreDeps {
  readonly database: Database;
  readonly clock: Clock;
}

const AFTER =
  "(created_at, client_id) > (select created_at, client_id from client where client_id = ?)";

/** Clients in `client`. */
export function createSqlClientStore({ database, clock }: SqlClientStoreDeps): ClientStore {
  const { knex, dialect } = database;

  const findRow = createBatchedFind(
    (clientIds) => knex("client").whereIn("client_id", clientIds),
    ({ client_id: clientId }) => clientId,
  );

  async function find(clientId: string): Promise<ClientRecord | undefined> {
    if (!isFindable(clientId)) return undefined;
    const row = await findRow(clientId);
    return row === undefined ? undefined : toRecord(row);
  }

  return reportOutages<ClientStore>(dialect, {
    find,
    findLatest: find,

    async list({ after, limit }) {
      const page = knex("client").orderBy(["created_at", "client_id"]).limit(limit);
      const rows = await (after === undefined ? page : page.whereRaw(AFTER, [after]));
      return rows.map(toRecord);
    },

    async create(client) {
      try {
        await knex("client").insert(toRow({ ...client, createdAtSeconds: clock.nowSeconds() }));
      } catch (err) {
        throw dialect.isUniqueViolation(err) ? clientExists(client.clientId, err) : err;
      }
    },

    async saveRegistration(clientId, metadata, secretHash) {
      const row = toRow({
        clientId,
        metadata,
        secretHash,
        policy: NO_POLICY,
        createdBy: "registration",
        demonstration: false,
        createdAtSeconds: clock.nowSeconds(),
      });
      await knex("client").insert(row).onConflict("client_id").merge(["metadata", "secret_hash"]);
    },

    async changePolicy(clientId, { secondStep, colour }) {
      const changed = await knex("client")
        .where({ client_id: clientId })
        .update({
          ...(secondStep === undefined ? {} : { second_step: secondStep }),
          ...(colour === undefined ? {} : { colour }),
        });
      return changed === 1;
    },

    async setSecretHash(clientId, secretHash) {
      const changed = await knex("client")
        .where({ client_id: clientId })
        .update({ secret_hash: secretHash });
      return changed === 1;
    },

    async hasDirectSignIn() {
      const row = await knex("client").where({ direct_sign_in: true }).first("client_id");
      return row !== undefined;
    },

    async hasOrigin(origin) {
      if (!isFindable(origin)) return false;
      // Its `_` and `%` match more than themselves: the URIs that are found are looked at.
      const rows = await knex("client")
        .where("metadata", "like", `%"${origin}%`)
        .select("metadata");
      return rows.some(({ metadata }) => {
        const { redirect_uris: uris } = parseStoredObject(metadata, "client.metadata");
        return Array.isArray(uris) && uris.some((uri) => URL.parse(String(uri))?.origin === origin);
      });
    },

    async delete(clientId) {
      // Its consents go with it, by their foreign key.
      return (await knex("client").where({ client_id: clientId }).delete()) === 1;
    },

    async listDemonstration() {
      const rows = await knex("client").where({ demonstration: true }).select("client_id");
      return rows.map((row) => row.client_id);
    },

    async deleteDemonstration() {
      return knex("client").where({ demonstration: true }).delete();
    },
  });
}

const NO_POLICY: ClientPolicy = {
  firstParty: false,
  directSignIn: false,
  secondStep: false,
  resourceServer: undefined,
};

function toRow(client: ClientRecord): ClientRow {
  return {
    client_id: client.clientId,
    metadata: JSON.stringify(client.metadata),
    secret_hash: client.secretHash ?? null,
    first_party: client.policy.firstParty,
    direct_sign_in: client.policy.directSignIn,
    second_step: client.policy.secondStep,
    colour: client.policy.colour ?? null,
    resource_server: client.policy.resourceServer ?? null,
    created_by: client.createdBy,
    demonstration: client.demonstration,
    created_at: client.createdAtSeconds,
  };
}

function toRecord(row: ClientRow): ClientRecord {
  return {
    clientId: row.client_id,
    metadata: parseStoredObject(row.metadata, "client.metadata"),
    secretHash: row.secret_hash ?? undefined,
    policy: {
      firstParty: Boolean(row.first_party),
      directSignIn: Boolean(row.direct_sign_in),
      secondStep: Boolean(row.second_step),
      ...(row.colour === null ? {} : { colour: row.colour }),
      resourceServer: row.resource_server ?? undefined,
    },
    createdBy: row.created_by,
    demonstration: Boolean(row.demonstration),
    createdAtSeconds: row.created_at,
  };
}

function clientExists(clientId: string, cause: unknown): LatchkeyError {
  return new LatchkeyError("client_exists", `A client with the id "${clientId}" exists.`, {
    status: 409,
    cause,
  });
}
