import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { partitionOf } from "../../src/oidc/partition.js";
import { MODEL_NAMES, type ModelName } from "../../src/oidc/model-store.js";
import { describeOnEachBackend } from "../support/stores.js";
import { codeOfRejection } from "../support/stores-rejection.js";
import { killStoresChildren, startStoresChild } from "../support/stores-child-process.js";

const ROUNDS = 20;

/** Three ids that begin alike, as those of one account do. */
function idsOfOnePartition(): [string, string, string] {
  const id = randomUUID();
  const another = () => partitionOf(id) + randomUUID();
  return [id, another(), another()];
}

const CALLERS = 50;

describeOnEachBackend("ModelStore", (stores) => {
  const models = () => stores().models;
  const consume = (model: ModelName, id: string, attempt: string) =>
    models().consume({ model, id, attempt });
  const times = (count: number) => Array.from({ length: count }, (_, index) => index);

  /** A code with a grant of its own and tokens that hang on it. */
  async function issueFamily() {
    const [grantId, code, token] = idsOfOnePartition();
    await models().upsert("Grant", grantId, { accountId: "a", clientId: "c" }, 3600);
    await models().upsert("AuthorizationCode", code, { grantId }, 60);
    await models().upsert("AccessToken", token, { grantId }, 600);
    await models().upsert("RefreshToken", token, { grantId }, 3600);
    return { grantId, code, token };
  }

  async function survivors({ grantId, code, token }: Awaited<ReturnType<typeof issueFamily>>) {
    const found = await Promise.all([
      models().find("Grant", grantId),
      models().find("AuthorizationCode", code),
      models().find("AccessToken", token),
      models().find("RefreshToken", token),
    ]);
    return found.filter((payload) => payload !== undefined).length;
  }

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
      const id = randomUUID();
      const [uid, nextUid] = [randomUUID(), randomUUID()];
      await models().upsert("Session", id, { uid, old: true }, 10);
      await models().upsert("Session", id, { uid: nextUid }, 100);
      stores().clock.advance(50);
      expect(await models().find("Session", id)).to.deep.equal({ uid: nextUid });
      expect(await models().findSessionByUid(uid)).to.equal(undefined);
      expect(await models().findSessionByUid(nextUid)).to.deep.equal({ uid: nextUid });
    });

    it("gives no record back from its expiry on, before any purge", async () => {
      const [id, uid, userCode] = [randomUUID(), randomUUID(), randomUUID()];
      await models().upsert("Session", id, { uid }, 60);
      await models().upsert("DeviceCode", id, { userCode }, 60);
      stores().clock.advance(59);
      expect(await models().find("Session", id)).to.deep.equal({ uid });
      stores().clock.advance(1);
      expect(await models().find("Session", id)).to.equal(undefined);
      expect(await models().findSessionByUid(uid)).to.equal(undefined);
      expect(await models().findDeviceCodeByUserCode(userCode)).to.equal(undefined);
    });

    it("keeps a record without expiry for ever", async () => {
      const id = randomUUID();
      await models().upsert("RegistrationAccessToken", id, { clientId: "c" }, undefined);
      stores().clock.advance(100 * 365 * 86_400);
      await models().purgeExpired(1000);
      expect(await models().find("RegistrationAccessToken", id)).to.deep.equal({ clientId: "c" });
    });

    for (const expiresInSeconds of [0, -1, -1_000_000]) {
      it(`counts a lifetime of ${expiresInSeconds} s as one second`, async () => {
        const id = randomUUID();
        await models().upsert("Grant", id, {}, expiresInSeconds);
        expect(await models().find("Grant", id)).to.deep.equal({});
        stores().clock.advance(1);
        expect(await models().find("Grant", id)).to.equal(undefined);
      });
    }

    it("finds a session by its uid, and the one written last when one replaces another", async () => {
      const [first, second, uid] = idsOfOnePartition();
      await models().upsert("Session", first, { uid, at: 1 }, 60);
      stores().clock.advance(1);
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
      stores().clock.advance(600);
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
      stores().clock.advance(60);
      expect(await models().insertOnce("ReplayDetection", id, { third: true }, 60)).to.equal(true);
      expect(await models().find("ReplayDetection", id)).to.deep.equal({ third: true });
    });

    it("writes a record that is not consumed in place of one that was and expired", async () => {
      const id = randomUUID();
      await models().insertOnce("AuthorizationCode", id, {}, 60);
      await consume("AuthorizationCode", id, "first");
      stores().clock.advance(60);
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

  describe("consume", () => {
    it("marks the record with the time and keeps its payload and expiry", async () => {
      const id = randomUUID();
      await models().upsert("RefreshToken", id, { scope: "openid" }, 60);
      stores().clock.advance(30);
      const consumed = stores().clock.nowSeconds();
      expect(await consume("RefreshToken", id, "first")).to.equal(true);
      expect(await models().find("RefreshToken", id)).to.deep.equal({ scope: "openid", consumed });
      stores().clock.advance(29);
      expect(await models().find("RefreshToken", id)).to.deep.equal({ scope: "openid", consumed });
      stores().clock.advance(1);
      expect(await models().find("RefreshToken", id)).to.equal(undefined);
    });

    it("tells the winner again that it won, with the time of the first", async () => {
      const family = await issueFamily();
      const consumed = stores().clock.nowSeconds();
      expect(await consume("AuthorizationCode", family.code, "first")).to.equal(true);
      stores().clock.advance(5);
      expect(await consume("AuthorizationCode", family.code, "first")).to.equal(true);
      expect(await models().find("AuthorizationCode", family.code)).to.include({ consumed });
      expect(await survivors(family)).to.equal(4);
    });

    it("ends the grant and all that hangs on it for the second attempt (RFC 6749 §4.1.2)", async () => {
      const family = await issueFamily();
      const other = await issueFamily();
      expect(await consume("AuthorizationCode", family.code, "first")).to.equal(true);
      expect(await consume("AuthorizationCode", family.code, "second")).to.equal(false);
      expect(await survivors(family)).to.equal(0);
      expect(await survivors(other)).to.equal(4);
    });

    it("gives false for an absent or expired record and touches nothing", async () => {
      const family = await issueFamily();
      expect(await consume("AuthorizationCode", randomUUID(), "first")).to.equal(false);
      expect(await consume("RefreshToken", family.code, "first")).to.equal(false);
      expect(await survivors(family)).to.equal(4);

      expect(await consume("AuthorizationCode", family.code, "first")).to.equal(true);
      stores().clock.advance(60);
      expect(await consume("AuthorizationCode", family.code, "first")).to.equal(false);
      expect(await consume("AuthorizationCode", family.code, "second")).to.equal(false);
      expect(await survivors(family)).to.equal(3);
    });

    it("refuses the second attempt on a record without a grant and deletes nothing", async () => {
      const [id, unrelated] = [randomUUID(), randomUUID()];
      await models().upsert("PushedAuthorizationRequest", id, {}, 60);
      await models().upsert("PushedAuthorizationRequest", unrelated, {}, 60);
      expect(await consume("PushedAuthorizationRequest", id, "first")).to.equal(true);
      expect(await consume("PushedAuthorizationRequest", id, "second")).to.equal(false);
      expect(await models().find("PushedAuthorizationRequest", id)).to.have.property("consumed");
      expect(await models().find("PushedAuthorizationRequest", unrelated)).to.deep.equal({});
    });

    it("leaves a record consumed that is written again", async () => {
      const id = randomUUID();
      await models().upsert("DeviceCode", id, { step: 1 }, 600);
      await consume("DeviceCode", id, "first");
      const consumed = stores().clock.nowSeconds();
      stores().clock.advance(1);
      await models().upsert("DeviceCode", id, { step: 2 }, 600);
      expect(await models().find("DeviceCode", id)).to.deep.equal({ step: 2, consumed });
      expect(await consume("DeviceCode", id, "second")).to.equal(false);
    });

    it("begins anew with a record written in place of one that expired", async () => {
      const id = randomUUID();
      await models().upsert("AuthorizationCode", id, {}, 60);
      await consume("AuthorizationCode", id, "first");
      stores().clock.advance(60);
      await models().upsert("AuthorizationCode", id, {}, 60);
      expect(await models().find("AuthorizationCode", id)).to.deep.equal({});
      expect(await consume("AuthorizationCode", id, "second")).to.equal(true);
    });

    it(`lets exactly one of ${CALLERS} concurrent attempts win, and the others end the grant`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const family = await issueFamily();
        const results = await Promise.all(
          times(CALLERS).map((attempt) =>
            consume("AuthorizationCode", family.code, `attempt ${attempt}`),
          ),
        );
        expect(results.filter(Boolean)).to.have.length(1);
        expect(await survivors(family)).to.equal(0);
      }
    });
  });

  describe("two processes", () => {
    const [one, two] = [startLater(), startLater()];
    before(async () => {
      const call = { command: "open", target: stores().url } as const;
      await Promise.all([one().call(call), two().call(call)]);
    });
    after(killStoresChildren);

    async function race(command: "consume" | "insertOnce", id: string): Promise<number> {
      const call = {
        command,
        target: stores().url,
        id,
        times: CALLERS / 2,
        nowSeconds: stores().clock.nowSeconds(),
      };
      const wins = await Promise.all([one().call(call), two().call(call)]);
      return wins.reduce<number>((sum, count) => sum + Number(count), 0);
    }

    it("consume a record once, and the loser ends the grant", async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const family = await issueFamily();
        expect(await race("consume", family.code)).to.equal(1);
        expect(await survivors(family)).to.equal(0);
      }
    });

    it("insert a record once", async () => {
      for (let round = 0; round < ROUNDS; round++) {
        expect(await race("insertOnce", randomUUID())).to.equal(1);
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
      const family = await issueFamily();
      const other = await issueFamily();
      await models().revokeByGrantId(family.grantId);
      expect(await survivors(family)).to.equal(1);
      expect(await models().find("Grant", family.grantId)).to.include({ accountId: "a" });
      expect(await survivors(other)).to.equal(4);
    });

    it("is content with a grant that nothing carries, and with many callers", async () => {
      const family = await issueFamily();
      await models().revokeByGrantId(randomUUID());
      await Promise.all(times(CALLERS).map(() => models().revokeByGrantId(family.grantId)));
      expect(await survivors(family)).to.equal(1);
    });
  });

  describe("purgeExpired", () => {
    it("deletes expired records in batches, tells how many, and no other record", async () => {
      stores().clock.advance(1_000_000);
      while ((await models().purgeExpired(1000)) > 0);
      const live = randomUUID();
      await models().upsert("Session", live, {}, 3600);
      for (const index of times(7))
        await models().upsert("AccessToken", `${live}-${index}`, {}, 60);
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
  });

  it("fails for a damaged record alone, without telling what it holds", async () => {
    const [damaged, sound] = [randomUUID(), randomUUID()];
    const model: ModelName = "Session";
    await models().upsert(model, damaged, {}, 60);
    await models().upsert(model, sound, { ok: true }, 60);
    for (const payload of ["{secret", "[]", '"secret"', "null"]) {
      await stores().database.knex("model").where({ model, id: damaged }).update({ payload });
      const err = await models()
        .find(model, damaged)
        .catch((reason: unknown) => reason);
      expect(err).to.include({ code: "record_unreadable" });
      expect(String(err)).not.to.include("secret");
    }
    expect(await models().find(model, sound)).to.deep.equal({ ok: true });
  });

  /** A child for this suite alone, started when first asked for. */
  function startLater() {
    let child: ReturnType<typeof startStoresChild> | undefined;
    return () => (child ??= startStoresChild());
  }
});
