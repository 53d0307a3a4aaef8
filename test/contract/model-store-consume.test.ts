import { randomUUID } from "node:crypto";
import { expect } from "chai";
import type { ModelName } from "../../src/oidc/model-store.js";
import { countSurvivors, idsOfOnePartition, issueFamily } from "../support/model-families.js";
import { describeOnEachModelStore } from "../support/model-stores.js";
import { killStoresChildren, startStoresChild } from "../support/stores-child-process.js";

/** `npm run race:stores` does more of them. */
const ROUNDS = Number(process.env["RACE_ROUNDS"] ?? 20);
const CALLERS = 50;

describeOnEachModelStore("consumption in a ModelStore", (store) => {
  const models = () => store().models;
  const consume = (model: ModelName, id: string, attempt: string) =>
    models().consume({ model, id, attempt });
  const times = (count: number) => Array.from({ length: count }, (_, index) => index);

  it("marks the record with the time and keeps its payload and expiry", async () => {
    const id = randomUUID();
    await models().upsert("RefreshToken", id, { scope: "openid" }, 60);
    await store().advance(30);
    const consumed = store().nowSeconds();
    expect(await consume("RefreshToken", id, "first")).to.equal(true);
    expect(await models().find("RefreshToken", id)).to.deep.equal({ scope: "openid", consumed });
    await store().advance(29);
    expect(await models().find("RefreshToken", id)).to.deep.equal({ scope: "openid", consumed });
    await store().advance(1);
    expect(await models().find("RefreshToken", id)).to.equal(undefined);
  });

  it("tells the winner again that it won, with the time of the first", async () => {
    const family = await issueFamily(models());
    const consumed = store().nowSeconds();
    expect(await consume("AuthorizationCode", family.code, "first")).to.equal(true);
    await store().advance(5);
    expect(await consume("AuthorizationCode", family.code, "first")).to.equal(true);
    expect(await models().find("AuthorizationCode", family.code)).to.include({ consumed });
    expect(await countSurvivors(models(), family)).to.equal(4);
  });

  it("ends the grant and all that hangs on it for the second attempt (RFC 6749 §4.1.2)", async () => {
    const family = await issueFamily(models());
    const other = await issueFamily(models());
    expect(await consume("AuthorizationCode", family.code, "first")).to.equal(true);
    expect(await consume("AuthorizationCode", family.code, "second")).to.equal(false);
    expect(await countSurvivors(models(), family)).to.equal(0);
    expect(await countSurvivors(models(), other)).to.equal(4);
  });

  it("gives false for an absent or expired record and touches nothing", async () => {
    const family = await issueFamily(models());
    expect(await consume("AuthorizationCode", randomUUID(), "first")).to.equal(false);
    expect(await consume("RefreshToken", family.code, "first")).to.equal(false);
    expect(await countSurvivors(models(), family)).to.equal(4);

    expect(await consume("AuthorizationCode", family.code, "first")).to.equal(true);
    await store().advance(60);
    expect(await consume("AuthorizationCode", family.code, "first")).to.equal(false);
    expect(await consume("AuthorizationCode", family.code, "second")).to.equal(false);
    expect(await countSurvivors(models(), family)).to.equal(3);
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
    const consumed = store().nowSeconds();
    await store().advance(1);
    await models().upsert("DeviceCode", id, { step: 2 }, 600);
    expect(await models().find("DeviceCode", id)).to.deep.equal({ step: 2, consumed });
    expect(await consume("DeviceCode", id, "second")).to.equal(false);
  });

  it("begins anew with a record written in place of one that expired", async () => {
    const id = randomUUID();
    await models().upsert("AuthorizationCode", id, {}, 60);
    await consume("AuthorizationCode", id, "first");
    await store().advance(60);
    await models().upsert("AuthorizationCode", id, {}, 60);
    expect(await models().find("AuthorizationCode", id)).to.deep.equal({});
    expect(await consume("AuthorizationCode", id, "second")).to.equal(true);
  });

  it(`lets exactly one of ${CALLERS} concurrent attempts win, and the others end the grant`, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const family = await issueFamily(models());
      const results = await Promise.all(
        times(CALLERS).map((attempt) =>
          consume("AuthorizationCode", family.code, `attempt ${attempt}`),
        ),
      );
      expect(results.filter(Boolean)).to.have.length(1);
      expect(await countSurvivors(models(), family)).to.equal(0);
    }
  });

  describe("with what is issued for it", () => {
    /** Tokens to be written for the family's code. */
    function issuedFor(grantId: string) {
      const [access, refresh] = idsOfOnePartition(grantId.slice(0, 3));
      const issued = [
        { model: "AccessToken", id: access, payload: { grantId }, expiresInSeconds: 600 },
        { model: "RefreshToken", id: refresh, payload: { grantId }, expiresInSeconds: 3600 },
      ] as const;
      const countWritten = async () => {
        const found = await Promise.all(issued.map(({ model, id }) => models().find(model, id)));
        return found.filter((payload) => payload !== undefined).length;
      };
      return { issued, countWritten };
    }

    it("writes it for the winner, for as long as it lives", async () => {
      const { grantId, code } = await issueFamily(models());
      const { issued, countWritten } = issuedFor(grantId);
      const consumption = { model: "AuthorizationCode", id: code, issued } as const;
      expect(await models().consume({ ...consumption, attempt: "first" })).to.equal(true);
      expect(await countWritten()).to.equal(2);
      await store().advance(600);
      expect(await countWritten()).to.equal(1);
      await models().revokeByGrantId(grantId);
      expect(await countWritten()).to.equal(0);
    });

    it("writes it again for the winner who asks again", async () => {
      const { grantId, code } = await issueFamily(models());
      const { issued, countWritten } = issuedFor(grantId);
      const consumption = {
        model: "AuthorizationCode",
        id: code,
        issued,
        attempt: "first",
      } as const;
      expect(await models().consume(consumption)).to.equal(true);
      expect(await models().consume(consumption)).to.equal(true);
      expect(await countWritten()).to.equal(2);
    });

    it("writes nothing for who comes too late, and ends what the winner got", async () => {
      const family = await issueFamily(models());
      const won = issuedFor(family.grantId);
      const lost = issuedFor(family.grantId);
      const consumption = { model: "AuthorizationCode", id: family.code } as const;
      await models().consume({ ...consumption, attempt: "first", issued: won.issued });
      const late = { ...consumption, attempt: "second", issued: lost.issued };
      expect(await models().consume(late)).to.equal(false);
      expect(await lost.countWritten()).to.equal(0);
      expect(await won.countWritten()).to.equal(0);
      expect(await countSurvivors(models(), family)).to.equal(0);
    });

    it("writes nothing for a record that is not there", async () => {
      const { grantId } = await issueFamily(models());
      const { issued, countWritten } = issuedFor(grantId);
      const id = grantId.slice(0, 3) + randomUUID();
      const consumption = { model: "AuthorizationCode", id, attempt: "first", issued } as const;
      expect(await models().consume(consumption)).to.equal(false);
      expect(await countWritten()).to.equal(0);
    });

    it(`writes it for at most one of ${CALLERS} at once`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const { grantId, code } = await issueFamily(models());
        const attempts = times(CALLERS).map((attempt) => ({ ...issuedFor(grantId), attempt }));
        const results = await Promise.all(
          attempts.map(({ issued, attempt }) =>
            models().consume({
              model: "AuthorizationCode",
              id: code,
              attempt: `attempt ${attempt}`,
              issued,
            }),
          ),
        );
        expect(results.filter(Boolean)).to.have.length(1);
        // The second attempt ended the grant, whoever won.
        for (const { countWritten } of attempts) expect(await countWritten()).to.equal(0);
      }
    });
  });

  describe("withdraw", () => {
    it("takes back what an attempt consumed and was issued, and another attempt may win", async () => {
      const family = await issueFamily(models());
      const [access] = idsOfOnePartition(family.grantId.slice(0, 3));
      const payload = { grantId: family.grantId };
      const issued = [{ model: "AccessToken", id: access, payload, expiresInSeconds: 60 }] as const;
      const consumption = { model: "AuthorizationCode", id: family.code, issued } as const;
      await models().consume({ ...consumption, attempt: "lost" });
      await models().withdraw({ ...consumption, attempt: "lost" });
      expect(await models().find("AccessToken", access)).to.equal(undefined);
      expect(await models().find("AuthorizationCode", family.code)).to.deep.equal(payload);
      expect(await models().consume({ ...consumption, attempt: "again" })).to.equal(true);
      expect(await models().find("AccessToken", access)).to.deep.equal(payload);
      expect(await countSurvivors(models(), family)).to.equal(4);
    });

    it("touches nothing that another attempt has, and is content with what is not there", async () => {
      const family = await issueFamily(models());
      const consumption = { model: "AuthorizationCode", id: family.code } as const;
      await models().withdraw({ ...consumption, attempt: "never made" });
      expect(await models().consume({ ...consumption, attempt: "first" })).to.equal(true);
      await models().withdraw({
        ...consumption,
        attempt: "second",
        issued: [
          { model: "AccessToken", id: family.token, payload: {}, expiresInSeconds: undefined },
        ],
      });
      const consumed = store().nowSeconds();
      expect(await models().find("AuthorizationCode", family.code)).to.include({ consumed });
      expect(await countSurvivors(models(), family)).to.equal(4);
      const id = idsOfOnePartition()[0];
      await models().withdraw({ model: "RefreshToken", id, attempt: "first" });
    });

    it("refuses an attempt that arrives after it was taken back, and that one alone", async () => {
      const family = await issueFamily(models());
      const [access] = idsOfOnePartition(family.grantId.slice(0, 3));
      const payload = { grantId: family.grantId };
      const issued = [{ model: "AccessToken", id: access, payload, expiresInSeconds: 60 }] as const;
      const consumption = { model: "RefreshToken", id: family.token, issued } as const;
      await models().withdraw({ ...consumption, attempt: "late" });
      expect(await models().consume({ ...consumption, attempt: "late" })).to.equal(false);
      expect(await models().find("AccessToken", access)).to.equal(undefined);
      expect(await models().find("RefreshToken", family.token)).to.deep.equal(payload);
      expect(await countSurvivors(models(), family)).to.equal(4);
      expect(await models().consume({ ...consumption, attempt: "again" })).to.equal(true);
      expect(await models().consume({ ...consumption, attempt: "late" })).to.equal(false);
      expect(await countSurvivors(models(), family)).to.equal(0);
    });

    it("keeps the expiry of the record", async () => {
      const { code } = await issueFamily(models());
      const consumption = { model: "AuthorizationCode", id: code, attempt: "lost" } as const;
      await store().advance(30);
      await models().consume(consumption);
      await models().withdraw(consumption);
      await store().advance(29);
      expect(await models().find("AuthorizationCode", code)).to.be.an("object");
      await store().advance(1);
      expect(await models().find("AuthorizationCode", code)).to.equal(undefined);
    });
  });

  describe("two processes", () => {
    const [one, two] = [startLater(), startLater()];
    let target: string;
    before(async function () {
      // The memory of one process is no store for two.
      if (store().target === undefined) this.skip();
      target = store().target ?? "";
      const call = { command: "open", target } as const;
      await Promise.all([one().call(call), two().call(call)]);
    });
    after(killStoresChildren);

    async function race(
      command: "consume" | "insertOnce",
      { model, id }: { model: ModelName; id: string },
    ): Promise<number> {
      const call = {
        command,
        target,
        model,
        id,
        times: CALLERS / 2,
        nowSeconds: store().nowSeconds(),
      };
      const wins = await Promise.all([one().call(call), two().call(call)]);
      return wins.reduce<number>((sum, count) => sum + Number(count), 0);
    }

    for (const model of ["AuthorizationCode", "RefreshToken"] as const) {
      it(`consume one ${model} once, and the loser ends the grant`, async function () {
        this.timeout(20_000 + ROUNDS * 1000);
        for (let round = 0; round < ROUNDS; round++) {
          const family = await issueFamily(models());
          const id = model === "RefreshToken" ? family.token : family.code;
          expect(await race("consume", { model, id })).to.equal(1);
          expect(await countSurvivors(models(), family)).to.equal(0);
        }
      });
    }

    for (const proof of ["client assertion", "DPoP proof"]) {
      it(`take the jti of one ${proof} once`, async function () {
        this.timeout(20_000 + ROUNDS * 1000);
        for (let round = 0; round < ROUNDS; round++) {
          expect(await race("insertOnce", { model: "ReplayDetection", id: randomUUID() })).to.equal(
            1,
          );
        }
      });
    }
  });

  /** A child for this suite alone, started when first asked for. */
  function startLater() {
    let child: ReturnType<typeof startStoresChild> | undefined;
    return () => (child ??= startStoresChild());
  }
});
