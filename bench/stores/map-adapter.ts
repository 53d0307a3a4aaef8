import type { Adapter, AdapterPayload } from "oidc-provider";

/**
 * What an adapter costs at the least: one Map for each model, in this process, with the indexes that
 * the library needs. Nothing expires; the library judges expiry itself.
 */
export function createMapAdapters(): (model: string) => Adapter {
  const idsByGrant = new Map<string, Set<string>>();
  const models = new Map<string, Map<string, AdapterPayload>>();

  return (model) => {
    const records = models.get(model) ?? new Map<string, AdapterPayload>();
    models.set(model, records);
    const idByUid = new Map<string, string>();
    const idByUserCode = new Map<string, string>();

    const find = (id: string | undefined): Promise<AdapterPayload | undefined> => {
      const found = id === undefined ? undefined : records.get(id);
      return Promise.resolve(found === undefined ? undefined : { ...found });
    };

    return {
      async upsert(id, payload) {
        records.set(id, payload);
        if (payload.uid !== undefined) idByUid.set(payload.uid, id);
        if (payload.userCode !== undefined) idByUserCode.set(payload.userCode, id);
        if (payload.grantId === undefined) return;
        const ids = idsByGrant.get(payload.grantId);
        if (ids === undefined) idsByGrant.set(payload.grantId, new Set([`${model} ${id}`]));
        else ids.add(`${model} ${id}`);
      },
      find,
      findByUid: (uid) => find(idByUid.get(uid)),
      findByUserCode: (userCode) => find(idByUserCode.get(userCode)),
      async consume(id) {
        const record = records.get(id);
        if (record !== undefined) record.consumed = Math.floor(Date.now() / 1000);
      },
      async destroy(id) {
        const record = records.get(id);
        records.delete(id);
        if (record?.grantId !== undefined) idsByGrant.get(record.grantId)?.delete(`${model} ${id}`);
      },
      async revokeByGrantId(grantId) {
        for (const entry of idsByGrant.get(grantId) ?? []) {
          const [itsModel = "", id = ""] = entry.split(" ");
          models.get(itsModel)?.delete(id);
        }
        idsByGrant.delete(grantId);
      },
    };
  };
}
