import { MODEL_RULES } from "./model-rules.js";
import type { ModelName, ModelStore } from "./model-store.js";

export interface SplitModelStoreDeps {
  /** Of models that come and go with sign-ins. */
  readonly short: ModelStore;
  /** Of models that only an administrator can bring back. */
  readonly long: ModelStore;
}

/** Keeps each model where `MODEL_RULES` says. Nothing that is written together has two places. */
export function createSplitModelStore({ short, long }: SplitModelStoreDeps): ModelStore {
  const storeOf = (model: ModelName) => (MODEL_RULES[model].life === "short" ? short : long);
  return {
    upsert: (...[model, id, payload, expiresInSeconds]) =>
      storeOf(model).upsert(model, id, payload, expiresInSeconds),
    async upsertTogether(records) {
      const [first] = records;
      return first === undefined || storeOf(first.model).upsertTogether(records);
    },
    insertOnce: (...[model, id, payload, expiresInSeconds]) =>
      storeOf(model).insertOnce(model, id, payload, expiresInSeconds),
    find: (model, id) => storeOf(model).find(model, id),
    findFamily: (model, id, clientId) => storeOf(model).findFamily(model, id, clientId),
    findSessionByUid: (uid) => short.findSessionByUid(uid),
    findDeviceCodeByUserCode: (userCode) => short.findDeviceCodeByUserCode(userCode),
    listSessions: (accountId) => short.listSessions(accountId),
    listGrants: (accountId) => short.listGrants(accountId),
    listSessionsOfClient: (clientId, after) => short.listSessionsOfClient(clientId, after),
    consume: (consumption) => storeOf(consumption.model).consume(consumption),
    withdraw: (consumption) => storeOf(consumption.model).withdraw(consumption),
    destroy: (model, id) => storeOf(model).destroy(model, id),
    revokeByGrantId: (grantId) => short.revokeByGrantId(grantId),
  };
}
