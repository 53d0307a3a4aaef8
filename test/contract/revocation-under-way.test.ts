import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { idsOfOnePartition, issueFamily } from "../support/model-families.js";
import { describeOnEachBackend } from "../support/stores.js";

/** A node has consumed a refresh token and issued the next, but has not committed yet. */
describeOnEachBackend("a grant that ends while a token of it is exchanged", (stores) => {
  const models = () => stores().models;

  async function exchangeDuring(end: (grantId: string, code: string) => Promise<unknown>) {
    const { grantId, code, token } = await issueFamily(models());
    await models().consume({ model: "AuthorizationCode", id: code, attempt: "first" });
    const [issued] = idsOfOnePartition(grantId.slice(0, 3));
    const exchange = await stores().database.knex.transaction();
    await exchange("model")
      .where({ model: "RefreshToken", id: token })
      .update({ consumed_at: 1, consumed_by: "other" });
    await exchange("model").insert({
      model: "RefreshToken",
      id: issued,
      payload: JSON.stringify({ grantId }),
      grant_id: grantId,
      uid: null,
      user_code: null,
      account_id: null,
      client_id: null,
      expires_at: stores().clock.nowSeconds() + 600,
    });
    const ended = end(grantId, code);
    await delay(100);
    await exchange.commit();
    await ended;
    return models().find("RefreshToken", issued);
  }

  it("by revocation: takes the next one with it", async () => {
    expect(await exchangeDuring((grantId) => models().revokeByGrantId(grantId))).to.equal(
      undefined,
    );
  });

  it("by a second use of its code: takes the next one with it", async () => {
    const replay = (_grantId: string, id: string) =>
      models().consume({ model: "AuthorizationCode", id, attempt: "second" });
    expect(await exchangeDuring(replay)).to.equal(undefined);
  });
});
