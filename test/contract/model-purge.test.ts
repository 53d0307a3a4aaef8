import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { describeOnEachBackend } from "../support/stores.js";

describeOnEachBackend("ExpiredModelPurge", (stores) => {
  const models = () => stores().models;
  const times = (count: number) => Array.from({ length: count }, (_, index) => index);

  it("deletes expired records in batches, tells how many, and no other record", async () => {
    stores().clock.advance(1_000_000);
    while ((await models().purgeExpired(1000)) > 0);
    const live = randomUUID();
    await models().upsert("Session", live, {}, 3600);
    for (const index of times(7)) await models().upsert("AccessToken", `${live}-${index}`, {}, 60);
    expect(await models().purgeExpired(5)).to.equal(0);
    stores().clock.advance(60);
    expect(await models().purgeExpired(5)).to.equal(5);
    expect(await models().purgeExpired(5)).to.equal(2);
    expect(await models().purgeExpired(5)).to.equal(0);
    expect(await models().find("Session", live)).to.deep.equal({});
  });

  it("shares the work with other nodes that purge and revoke at once", async () => {
    const grantId = randomUUID();
    for (const index of times(40)) {
      await models().upsert("AccessToken", `${grantId}-${index}`, { grantId }, 60);
    }
    stores().clock.advance(60);
    const counts = await Promise.all([
      ...times(8).map(() => models().purgeExpired(10)),
      models()
        .revokeByGrantId(grantId)
        .then(() => 0),
    ]);
    expect(counts.reduce((sum, count) => sum + count, 0)).to.be.at.most(40);
    while ((await models().purgeExpired(10)) > 0);
    const left = await stores().database.knex("model").where({ grant_id: grantId });
    expect(left).to.have.length(0);
  });

  it("leaves a record without expiry", async () => {
    const id = randomUUID();
    await models().upsert("RegistrationAccessToken", id, {}, undefined);
    stores().clock.advance(100 * 365 * 86_400);
    await models().purgeExpired(1000);
    expect(await models().find("RegistrationAccessToken", id)).to.deep.equal({});
  });
});
