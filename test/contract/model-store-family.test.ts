import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { partitionOfAccount } from "../../src/oidc/partition.js";
import { countSurvivors, idsOfOnePartition, issueFamily } from "../support/model-families.js";
import { describeOnEachModelStore } from "../support/model-stores.js";

describeOnEachModelStore("what belongs together in a ModelStore", (store) => {
  const models = () => store().models;

  describe("findFamily", () => {
    it("finds a token with its grant, and with the session that it ends with", async () => {
      const [grantId, token, uid] = idsOfOnePartition();
      const payload = { grantId, expiresWithSession: true, sessionUid: uid };
      await models().upsert("Grant", grantId, { clientId: "c" }, 3600);
      await models().upsert("Session", uid, { uid, accountId: "a" }, 3600);
      await models().upsert("AccessToken", token, payload, 600);
      expect(await models().findFamily("AccessToken", token)).to.deep.equal({
        record: payload,
        grant: { clientId: "c" },
        session: { uid, accountId: "a" },
      });
    });

    it("leaves the session of a token out that outlives it", async () => {
      const [grantId, token, uid] = idsOfOnePartition();
      await models().upsert("Session", uid, { uid }, 3600);
      await models().upsert("RefreshToken", token, { grantId, sessionUid: uid }, 600);
      const family = await models().findFamily("RefreshToken", token);
      expect(family).to.include({ grant: undefined });
      expect(family?.record).to.deep.equal({ grantId, sessionUid: uid });
    });

    it("tells whether the record was consumed", async () => {
      const { code, grantId } = await issueFamily(models());
      await models().consume({ model: "AuthorizationCode", id: code, attempt: "first" });
      const family = await models().findFamily("AuthorizationCode", code);
      expect(family?.record).to.deep.equal({ grantId, consumed: store().nowSeconds() });
      expect(family?.grant).to.include({ clientId: "c" });
    });

    it("finds a session with the grant of one client", async () => {
      const [grantId, id, other] = idsOfOnePartition();
      const session = {
        uid: id,
        authorizations: { mine: { grantId }, another: { grantId: other }, bare: {} },
      };
      await models().upsert("Grant", grantId, { clientId: "mine" }, 3600);
      await models().upsert("Session", id, session, 3600);
      for (const [clientId, grant] of [
        ["mine", { clientId: "mine" }],
        ["another", undefined],
        ["bare", undefined],
        ["unknown", undefined],
        ["__proto__", undefined],
      ] as const) {
        const family = await models().findFamily("Session", id, clientId);
        expect(family?.record).to.deep.equal(session);
        expect(family?.grant, clientId).to.deep.equal(grant);
      }
    });

    it("finds a session without applications", async () => {
      const [id, uid] = idsOfOnePartition();
      await models().upsert("Session", id, { uid }, 3600);
      const family = await models().findFamily("Session", id, "c");
      expect(family).to.deep.equal({ record: { uid }, grant: undefined, session: undefined });
    });

    it("finds a grant and a session that never expire", async () => {
      const [grantId, token, uid] = idsOfOnePartition();
      const payload = { grantId, expiresWithSession: true, sessionUid: uid };
      await models().upsert("Grant", grantId, {}, undefined);
      await models().upsert("Session", uid, { uid }, undefined);
      await models().upsert("AccessToken", token, payload, undefined);
      expect(await models().findFamily("AccessToken", token)).to.deep.equal({
        record: payload,
        grant: {},
        session: { uid },
      });
    });

    it("finds no record, grant or session that has expired", async () => {
      const [grantId, token, uid] = idsOfOnePartition();
      const payload = { grantId, expiresWithSession: true, sessionUid: uid };
      await models().upsert("Grant", grantId, {}, 60);
      await models().upsert("Session", uid, { uid }, 60);
      await models().upsert("AccessToken", token, payload, 600);
      await store().advance(60);
      expect(await models().findFamily("AccessToken", token)).to.deep.equal({
        record: payload,
        grant: undefined,
        session: undefined,
      });
      await store().advance(540);
      expect(await models().findFamily("AccessToken", token)).to.equal(undefined);
      expect(await models().findFamily("AccessToken", randomUUID())).to.equal(undefined);
      expect(await models().findFamily("AccessToken", `${token}\0`)).to.equal(undefined);
    });
  });

  describe("upsertTogether", () => {
    it("writes records of one partition", async () => {
      const [code, session, uid] = idsOfOnePartition();
      await models().upsertTogether([
        { model: "AuthorizationCode", id: code, payload: { a: 1 }, expiresInSeconds: 60 },
        { model: "Session", id: session, payload: { uid }, expiresInSeconds: 600 },
      ]);
      expect(await models().find("AuthorizationCode", code)).to.deep.equal({ a: 1 });
      expect(await models().findSessionByUid(uid)).to.deep.equal({ uid });
      await store().advance(60);
      expect(await models().find("AuthorizationCode", code)).to.equal(undefined);
      expect(await models().find("Session", session)).to.deep.equal({ uid });
    });

    it("takes a record away in the step that replaces it", async () => {
      const [old, next, uid] = idsOfOnePartition();
      await models().upsert("Session", old, { uid, at: 1 }, 600);
      await models().upsertTogether([
        {
          model: "Session",
          id: next,
          payload: { uid, at: 2 },
          expiresInSeconds: 600,
          replaces: old,
        },
      ]);
      expect(await models().find("Session", old)).to.equal(undefined);
      expect(await models().findSessionByUid(uid)).to.deep.equal({ uid, at: 2 });
      await models().destroy("Session", next);
      expect(await models().findSessionByUid(uid)).to.equal(undefined);
    });

    describe("that follow a record", () => {
      async function begin() {
        const [id, next, code] = idsOfOnePartition();
        await models().upsert("Session", id, { uid: id, revision: "one" }, 600);
        const write = (to: string, follows: { id: string; revision: string }, replaces?: string) =>
          models().upsertTogether([
            { model: "AuthorizationCode", id: code, payload: { to }, expiresInSeconds: 60 },
            {
              model: "Session",
              id: to,
              payload: { uid: id, revision: randomUUID() },
              expiresInSeconds: 600,
              replaces,
              follows,
            },
          ]);
        return { id, next, code, write };
      }

      it("writes them while it is of the same revision, under its id or another", async () => {
        const { id, next, code, write } = await begin();
        expect(await write(id, { id, revision: "one" })).to.equal(true);
        expect(await models().find("AuthorizationCode", code)).to.deep.equal({ to: id });
        const revision = String((await models().find("Session", id))?.["revision"]);
        expect(await write(next, { id, revision }, id)).to.equal(true);
        expect(await models().find("Session", id)).to.equal(undefined);
        expect(await models().find("Session", next)).to.include({ uid: id });
      });

      it("writes none of them over another revision", async () => {
        const { id, code, write } = await begin();
        expect(await write(id, { id, revision: "two" })).to.equal(false);
        expect(await models().find("Session", id)).to.deep.equal({ uid: id, revision: "one" });
        expect(await models().find("AuthorizationCode", code)).to.equal(undefined);
      });

      it("writes none of them when it is gone or has expired", async () => {
        const { id, next, code, write } = await begin();
        await models().destroy("Session", id);
        expect(await write(id, { id, revision: "one" })).to.equal(false);
        expect(await write(next, { id, revision: "one" }, id)).to.equal(false);
        await models().upsert("Session", id, { revision: "one" }, 60);
        await store().advance(60);
        expect(await write(id, { id, revision: "one" })).to.equal(false);
        for (const absent of [id, next]) {
          expect(await models().find("Session", absent)).to.equal(undefined);
        }
        expect(await models().find("AuthorizationCode", code)).to.equal(undefined);
      });

      it("lets one of many at once write", async () => {
        for (let round = 0; round < 10; round++) {
          const { id, next, write } = await begin();
          const outcomes = await Promise.all(
            Array.from({ length: 20 }, (_, index) =>
              index % 2 === 0
                ? write(id, { id, revision: "one" })
                : write(next, { id, revision: "one" }, id),
            ),
          );
          expect(outcomes.filter((written) => written)).to.have.length(1);
        }
      });
    });

    it("is content with nothing to write, and with nothing to replace", async () => {
      const [old, next] = idsOfOnePartition();
      await models().upsertTogether([]);
      await models().upsertTogether([
        { model: "Session", id: next, payload: {}, expiresInSeconds: 60, replaces: old },
      ]);
      expect(await models().find("Session", next)).to.deep.equal({});
    });
  });

  describe("listSessions", () => {
    it("lists the live sessions of an account, and of no other", async () => {
      const [accountId, stranger] = [randomUUID(), randomUUID()];
      const [one, two, three] = idsOfOnePartition(partitionOfAccount(accountId));
      const [other] = idsOfOnePartition(partitionOfAccount(stranger));
      const device = { network: "192.0.2.0/24", userAgent: "Browser" };
      await models().upsert("Session", one, { accountId, uid: one, device }, 60);
      await models().upsert("Session", two, { accountId, uid: two }, 600);
      await models().upsert("Session", three, { accountId, uid: three }, 600);
      await models().upsert("Grant", three, { accountId }, 600);
      await models().upsert("Session", other, { accountId: stranger, uid: other }, 600);
      const listed = async () =>
        (await models().listSessions(accountId)).toSorted((a, b) => a.id.localeCompare(b.id));
      expect(await listed()).to.deep.equal(
        [
          { id: one, payload: { accountId, uid: one, device } },
          { id: two, payload: { accountId, uid: two } },
          { id: three, payload: { accountId, uid: three } },
        ].toSorted((a, b) => a.id.localeCompare(b.id)),
      );
      await models().destroy("Session", three);
      await store().advance(60);
      expect(await listed()).to.deep.equal([{ id: two, payload: { accountId, uid: two } }]);
      expect(await models().listSessions(randomUUID())).to.deep.equal([]);
    });

    it("follows a session that changes hands or is replaced", async () => {
      const [accountId, uid] = [randomUUID(), randomUUID()];
      const [anonymous, next] = idsOfOnePartition(partitionOfAccount(accountId));
      await models().upsert("Session", anonymous, { uid }, 600);
      expect(await models().listSessions(accountId)).to.deep.equal([]);
      await models().upsert("Session", anonymous, { uid, accountId }, 600);
      expect(await models().listSessions(accountId)).to.have.length(1);
      await models().upsertTogether([
        {
          model: "Session",
          id: next,
          payload: { uid, accountId },
          expiresInSeconds: 600,
          replaces: anonymous,
        },
      ]);
      expect((await models().listSessions(accountId)).map(({ id }) => id)).to.deep.equal([next]);
    });
  });

  describe("a device code that got a grant of another partition", () => {
    /** Approved, for a grant in `family`'s partition. */
    async function approve() {
      const family = await issueFamily(models());
      const [id, userCode] = idsOfOnePartition();
      await models().upsert("DeviceCode", id, { userCode }, 600);
      const payload = { userCode, grantId: family.grantId };
      await models().upsert("DeviceCode", id, payload, 600);
      return { family, id, userCode, payload };
    }

    it("is found by its id and its user code, until it expires", async () => {
      const { id, userCode, payload } = await approve();
      expect(await models().find("DeviceCode", id)).to.deep.equal(payload);
      expect(await models().findDeviceCodeByUserCode(userCode)).to.deep.equal(payload);
      await store().advance(600);
      expect(await models().find("DeviceCode", id)).to.equal(undefined);
      expect(await models().findDeviceCodeByUserCode(userCode)).to.equal(undefined);
    });

    it("goes with its grant", async () => {
      const { family, id, userCode } = await approve();
      await models().revokeByGrantId(family.grantId);
      expect(await models().find("DeviceCode", id)).to.equal(undefined);
      expect(await models().findDeviceCodeByUserCode(userCode)).to.equal(undefined);
    });

    it("is consumed once, with what is issued, and the second attempt ends the grant", async () => {
      const { family, id, payload } = await approve();
      const [access] = idsOfOnePartition(family.grantId.slice(0, 3));
      const issued = [
        {
          model: "AccessToken",
          id: access,
          payload: { grantId: family.grantId },
          expiresInSeconds: 60,
        },
      ] as const;
      const consumption = { model: "DeviceCode", id, issued } as const;
      const attempts = ["first", "second"].map((attempt) => ({ ...consumption, attempt }));
      expect(await models().consume(attempts[0]!)).to.equal(true);
      expect(await models().find("AccessToken", access)).to.be.an("object");
      expect(await models().find("DeviceCode", id)).to.deep.equal({
        ...payload,
        consumed: store().nowSeconds(),
      });
      expect(await models().consume(attempts[1]!)).to.equal(false);
      expect(await models().find("AccessToken", access)).to.equal(undefined);
      expect(await countSurvivors(models(), family)).to.equal(0);
    });

    it("stays consumed when somebody else confirms or approves it late", async () => {
      const consume = (id: string, attempt: string) =>
        models().consume({ model: "DeviceCode", id, attempt });
      const late = {
        confirms: async () => ({ inFlight: true }),
        approves: async () => ({ grantId: (await issueFamily(models())).grantId }),
      };
      for (const change of [late.confirms, late.approves]) {
        const { id, userCode } = await approve();
        expect(await consume(id, "first")).to.equal(true);
        await models().upsert("DeviceCode", id, { userCode, ...(await change()) }, 600);
        expect(await consume(id, "second")).to.equal(false);
        expect(await consume(id, "third")).to.equal(false);
      }
    });

    it("stays consumed when it was before, since it was refused", async () => {
      const [id, userCode] = idsOfOnePartition();
      await models().upsert("DeviceCode", id, { userCode, error: "access_denied" }, 600);
      expect(await models().consume({ model: "DeviceCode", id, attempt: "first" })).to.equal(true);
      const { grantId } = await issueFamily(models());
      await models().upsert("DeviceCode", id, { userCode, grantId }, 600);
      const second = { model: "DeviceCode", id, attempt: "second" } as const;
      expect(await models().consume(second)).to.equal(false);
    });

    it("is destroyed where it lies", async () => {
      const { id, userCode } = await approve();
      await models().destroy("DeviceCode", id);
      expect(await models().find("DeviceCode", id)).to.equal(undefined);
      expect(await models().findDeviceCodeByUserCode(userCode)).to.equal(undefined);
    });
  });
});
