import { randomUUID } from "node:crypto";
import type { ModelStore } from "../../src/oidc/model-store.js";
import { partitionOf } from "../../src/oidc/partition.js";

/** A code with a grant of its own and tokens that hang on it; `token` is the id of both. */
export interface TestFamily {
  readonly grantId: string;
  readonly code: string;
  readonly token: string;
}

/** Ids that begin alike, as those of one account do. */
export function idsOfOnePartition(partition = partitionOf(randomUUID())): [string, string, string] {
  const another = () => partition + randomUUID();
  return [another(), another(), another()];
}

export async function issueFamily(models: ModelStore): Promise<TestFamily> {
  const [grantId, code, token] = idsOfOnePartition();
  await models.upsert("Grant", grantId, { accountId: "a", clientId: "c" }, 3600);
  await models.upsert("AuthorizationCode", code, { grantId }, 60);
  await models.upsert("AccessToken", token, { grantId }, 600);
  await models.upsert("RefreshToken", token, { grantId }, 3600);
  return { grantId, code, token };
}

/** How many of the four are left. */
export async function countSurvivors(
  models: ModelStore,
  { grantId, code, token }: TestFamily,
): Promise<number> {
  const found = await Promise.all([
    models.find("Grant", grantId),
    models.find("AuthorizationCode", code),
    models.find("AccessToken", token),
    models.find("RefreshToken", token),
  ]);
  return found.filter((payload) => payload !== undefined).length;
}
