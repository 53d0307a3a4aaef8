import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { MODEL_NAMES, type ModelName } from "../../src/oidc/model-store.js";
import { countSurvivors, idsOfOnePartition, issueFamily } from "../support/model-families.js";
import { describeOnEachModelStore } from "../support/model-stores.js";
import { codeOfRejection } from "../support/stores-rejection.js";

const ROUNDS = 20;

const CALLERS = 50;

describeOnEachModelStore("ModelStore", (store) => {
  const models = () => store().models;
  const consume = (model: ModelName, id: string, attempt: string) =>
    models().consume({ model, id, attempt });
  const times = (count: number) => Array.from({ length: count }, (_, index) => index);

  describe("upsert and find", () => {
    it("gives back what was written, for every model apart", async () => {
      const id = randomUUID();
      for (const model of MODEL_NAMES) await models().upsert(model, id, { of: model }, 60);
      for (const model of MODEL_NAMES) {
        expect(await models().find(model, id)).to.deep.equal({ of: model });
      }
    });

    it("keeps any JSON as it is", async () => {
      const id = randomUUID();
      const payload = {
        text: "quotes \"' \\ ? $1, NUL \0, é, 🔑, \u2028",
        nested: { list: [1, 2.5, null, { deep: true }], empty: {} },
        ["__proto__"]: { polluted: true },
      };
      await models().upsert("Session", id, payload, 60);
      const found = await models().find("Session", id);
      expect(JSON.stringify(found)).to.equal(JSON.stringify(payload));
      expect(Object.getPrototypeOf(found)).to.equal(Object.prototype);
    });

    it("finds nothing under an unknown id, of another model, or with NUL", async () => {
      const id = randomUUID();
      await models().upsert("Session", id, {}, 60);
      expect(await models().find("Session", randomUUID())).to.equal(undefined);
      expect(await models().find("Interaction", id)).to.equal(undefined);
      expect(await models().find("Session", `${id}\0`)).to.equal(undefined);
      expect(await models().findSessionByUid("\0")).to.equal(undefined);
      expect(await models().findDeviceCodeByUserCode("\0")).to.equal(undefined);
    });

    it("gives a fresh object to each caller", async () => {
      const id = randomUUID();
      const written = { list: ["a"] };
      await models().upsert("Session", id, written, 60);
      written.list.push("changed by the writer");
      const first = await models().find("Session", id);
      (first!["list"] as string[]).push("changed by a reader");
      expect(await models().find("Session", id)).to.deep.equal({ list: ["a"] });
    });

    it("replaces the record, its expiry and its indexes", async () => {
      const [id, uid, nextUid] = idsOfOnePartition();
      await models().upsert("Session", id, { uid, old: true }, 10);
      await models().upsert("Session", id, { uid: nextUid }, 100);
      await store().advance(50);
      expect(await models().find("Session", id)).to.deep.equal({ uid: nextUid });
      expect(await models().findSessionByUid(uid)).to.equal(undefined);
      expect(await models().findSessionByUid(nextUid)).to.deep.equal({ uid: nextUid });
    });

    it("gives no record back from its expiry on, before any purge", async () => {
      const [id, uid, userCode] = [randomUUID(), randomUUID(), randomUUID()];
      await models().upsert("Session", id, { uid }, 60);
      await models().upsert("DeviceCode", id, { userCode }, 60);
      await store().advance(59);
      expect(await models().find("Session", id)).to.deep.equal({ uid });
      await store().advance(1);
      expect(await models().find("Session", id)).to.equal(undefined);
      expect(await models().findSessionByUid(uid)).to.equal(undefined);
      expect(await models().findDeviceCodeByUserCode(userCode)).to.equal(undefined);
    });

    it("keeps a record without expiry for ever", async () => {
      const id = randomUUID();
      await models().upsert("RegistrationAccessToken", id, { clientId: "c" }, undefined);
      await store().advance(100 * 365 * 86_400);
      expect(await models().find("RegistrationAccessToken", id)).to.deep.equal({ clientId: "c" });
    });

    for (const expiresInSeconds of [0, -1, -1_000_000]) {
      it(`counts a lifetime of ${expiresInSeconds} s as one second`, async () => {
        const id = randomUUID();
        await models().upsert("Grant", id, {}, expiresInSeconds);
        expect(await models().find("Grant", id)).to.deep.equal({});
        await store().advance(1);
        expect(await models().find("Grant", id)).to.equal(undefined);
      });
    }

    it("finds a session by its uid, and the one written last when one replaces another", async () => {
      const [first, second, uid] = idsOfOnePartition();
      await models().upsert("Session", first, { uid, at: 1 }, 60);
      await store().advance(1);
      await models().upsert("Session", second, { uid, at: 2 }, 60);
      expect(await models().findSessionByUid(uid)).to.deep.equal({ uid, at: 2 });
      await models().destroy("Session", second);
      expect(await models().findSessionByUid(uid)).to.deep.equal({ uid, at: 1 });
    });

    it("finds only sessions by uid and only device codes by user code", async () => {
      const key = randomUUID();
      await models().upsert("Interaction", key, { uid: key, userCode: key }, 60);
      expect(await models().findSessionByUid(key)).to.equal(undefined);
      expect(await models().findDeviceCodeByUserCode(key)).to.equal(undefined);
    });
  });

  describe("user codes", () => {
    it("finds a device code by its user code, also after it was written again", async () => {
      const [id, userCode] = idsOfOnePartition();
      await models().upsert("DeviceCode", id, { userCode }, 600);
      await models().upsert("DeviceCode", id, { userCode, inFlight: true }, 600);
      const found = await models().findDeviceCodeByUserCode(userCode);
      expect(found).to.deep.equal({ userCode, inFlight: true });
    });

    it("refuses one that another live device has, so that nobody allows the wrong one", async () => {
      const [id, userCode, other] = idsOfOnePartition();
      await models().upsert("DeviceCode", id, { userCode, first: true }, 600);
      const second = models().upsert("DeviceCode", other, { userCode }, 600);
      expect(await codeOfRejection(second)).to.equal("user_code_taken");
      expect(await models().findDeviceCodeByUserCode(userCode)).to.include({ first: true });
    });

    it("gives one out again when its device code has expired, before any purge", async () => {
      const [userCode, first, second] = idsOfOnePartition();
      await models().upsert("DeviceCode", first, { userCode, first: true }, 600);
      await store().advance(600);
      await models().upsert("DeviceCode", second, { userCode, second: true }, 600);
      expect(await models().findDeviceCodeByUserCode(userCode)).to.include({ second: true });
    });
  });

  describe("insertOnce", () => {
    it("writes once while the record lives, and again after it expired", async () => {
      const id = randomUUID();
      expect(await models().insertOnce("ReplayDetection", id, { first: true }, 60)).to.equal(true);
      expect(await models().insertOnce("ReplayDetection", id, { second: true }, 60)).to.equal(
        false,
      );
      expect(await models().find("ReplayDetection", id)).to.deep.equal({ first: true });
      await store().advance(60);
      expect(await models().insertOnce("ReplayDetection", id, { third: true }, 60)).to.equal(true);
      expect(await models().find("ReplayDetection", id)).to.deep.equal({ third: true });
    });

    it("writes a record that is not consumed in place of one that was and expired", async () => {
      const id = randomUUID();
      await models().insertOnce("AuthorizationCode", id, {}, 60);
      await consume("AuthorizationCode", id, "first");
      await store().advance(60);
      await models().insertOnce("AuthorizationCode", id, {}, 60);
      expect(await models().find("AuthorizationCode", id)).to.deep.equal({});
      expect(await consume("AuthorizationCode", id, "second")).to.equal(true);
    });

    it(`lets exactly one of ${CALLERS} concurrent callers write`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const id = randomUUID();
        const results = await Promise.all(
          times(CALLERS).map((by) => models().insertOnce("ReplayDetection", id, { by }, 60)),
        );
        expect(results.filter(Boolean)).to.have.length(1);
        expect(await models().find("ReplayDetection", id)).to.deep.equal({
          by: results.indexOf(true),
        });
      }
    });
  });

  describe("destroy", () => {
    it("deletes the record with its index entries, and no other", async () => {
      const [id, uid] = idsOfOnePartition();
      await models().upsert("Session", id, { uid }, 60);
      await models().upsert("Interaction", id, { kept: true }, 60);
      await models().destroy("Session", id);
      expect(await models().find("Session", id)).to.equal(undefined);
      expect(await models().findSessionByUid(uid)).to.equal(undefined);
      expect(await models().find("Interaction", id)).to.deep.equal({ kept: true });
    });

    it("is content with a record that is not there", async () => {
      await models().destroy("Session", randomUUID());
    });
  });

  describe("revokeByGrantId", () => {
    it("deletes what carries the grant's id, whatever its model; the Grant stays", async () => {
      const family = await issueFamily(models());
      const other = await issueFamily(models());
      await models().revokeByGrantId(family.grantId);
      expect(await countSurvivors(models(), family)).to.equal(1);
      expect(await models().find("Grant", family.grantId)).to.include({ accountId: "a" });
      expect(await countSurvivors(models(), other)).to.equal(4);
    });

    it("is content with a grant that nothing carries, and with many callers", async () => {
      const family = await issueFamily(models());
      await models().revokeByGrantId(randomUUID());
      await Promise.all(times(CALLERS).map(() => models().revokeByGrantId(family.grantId)));
      expect(await countSurvivors(models(), family)).to.equal(1);
    });
  });

  it("fails for a damaged record alone, without telling what it holds", async () => {
    const [damaged, sound] = [randomUUID(), randomUUID()];
    const model: ModelName = "Session";
    await models().upsert(model, damaged, {}, 60);
    await models().upsert(model, sound, { ok: true }, 60);
    for (const payload of ["{secret", "[]", '"secret"', "null"]) {
      await store().damage(model, damaged, payload);
      const err = await models()
        .find(model, damaged)
        .catch((reason: unknown) => reason);
      expect(err).to.include({ code: "record_unreadable" });
      expect(String(err)).not.to.include("secret");
    }
    expect(await models().find(model, sound)).to.deep.equal({ ok: true });
  });
});
