import { randomUUID } from "node:crypto";
import { expect } from "chai";
import type { ModelStore } from "../../src/oidc/model-store.js";
import { partitionOfAccount } from "../../src/oidc/partition.js";
import { describeOnEachModelStore } from "../support/model-stores.js";
import { idsOfOnePartition } from "../support/model-families.js";

describeOnEachModelStore("ModelStore, by account and by client", (store) => {
  const models = (): ModelStore => store().models;

  describe("listGrants", () => {
    it("lists the live grants of an account with when something was last issued for each", async () => {
      const accountId = randomUUID();
      const [used, unused, short] = idsOfOnePartition(partitionOfAccount(accountId));
      const [token, another] = idsOfOnePartition(partitionOfAccount(accountId));
      await models().upsert("Grant", used, { accountId, clientId: "c", iat: 1 }, 600);
      await models().upsert("Grant", unused, { accountId, clientId: "d", iat: 2 }, 600);
      await models().upsert("Grant", short, { accountId, clientId: "e", iat: 3 }, 60);
      await models().upsert("Session", used, { accountId, uid: used }, 600);
      await models().upsert("AccessToken", token, { grantId: used, accountId, iat: 70 }, 600);
      await models().upsert("RefreshToken", another, { grantId: used, accountId, iat: 50 }, 600);
      await store().advance(60);
      const grants = await models().listGrants(accountId);
      expect(
        grants.toSorted((a, b) => Number(a.payload["iat"]) - Number(b.payload["iat"])),
      ).to.deep.equal([
        {
          id: used,
          payload: { accountId, clientId: "c", iat: 1 },
          lastIssuedAtSeconds: 70,
        },
        {
          id: unused,
          payload: { accountId, clientId: "d", iat: 2 },
          lastIssuedAtSeconds: undefined,
        },
      ]);
      expect(await models().listGrants(randomUUID())).to.deep.equal([]);
    });
  });

  describe("listSessionsOfClient", () => {
    /** A session of somebody, in which these clients take part. */
    async function begin(clientIds: readonly string[], seconds = 600) {
      const accountId = randomUUID();
      const [id, uid] = idsOfOnePartition(partitionOfAccount(accountId));
      await write({ id, uid, accountId, clientIds, joins: clientIds, seconds });
      return { id, uid, accountId };
    }

    async function write(session: {
      id: string;
      uid: string;
      accountId: string;
      clientIds: readonly string[];
      joins: readonly string[];
      seconds?: number;
      replaces?: string;
    }) {
      const { id, uid, accountId, clientIds, joins, seconds = 600, replaces } = session;
      const authorizations = Object.fromEntries(
        clientIds.map((clientId) => [clientId, { sid: `sid of ${clientId}`, grantId: "g" }]),
      );
      await models().upsertTogether([
        {
          model: "Session",
          id,
          payload: { uid, accountId, authorizations },
          expiresInSeconds: seconds,
          replaces,
          joins: joins.length === 0 ? undefined : { clientIds: joins, endsInSeconds: 900 },
        },
      ]);
    }

    async function listed(clientId: string): Promise<string[]> {
      const ids: string[] = [];
      let after: string | undefined;
      do {
        const page = await models().listSessionsOfClient(clientId, after);
        ids.push(...page.sessions.map(({ id }) => id));
        after = page.next;
      } while (after !== undefined);
      return ids.toSorted();
    }

    it("lists the live sessions of everybody that a client takes part in, and no others", async () => {
      const [client, other] = [randomUUID(), randomUUID()];
      const one = await begin([client, other]);
      const two = await begin([client]);
      const short = await begin([client], 60);
      await begin([other]);
      expect(await listed(client)).to.deep.equal([one.id, two.id, short.id].toSorted());
      await models().destroy("Session", two.id);
      await store().advance(60);
      expect(await listed(client)).to.deep.equal([one.id]);
      expect(await listed(randomUUID())).to.deep.equal([]);
    });

    it("follows a session that is replaced, and forgets a client that leaves it", async () => {
      const client = randomUUID();
      const session = await begin([client]);
      const [next] = idsOfOnePartition(partitionOfAccount(session.accountId));
      await write({ ...session, id: next, replaces: session.id, clientIds: [client], joins: [] });
      expect(await listed(client)).to.deep.equal([next]);
      await write({ ...session, id: next, clientIds: [], joins: [] });
      expect(await listed(client)).to.deep.equal([]);
    });

    it("lists page after page, each once while nothing changes", async function () {
      this.timeout(180_000);
      const client = randomUUID();
      const begun = await Promise.all(Array.from({ length: 450 }, () => begin([client])));
      expect(await listed(client)).to.deep.equal(begun.map(({ id }) => id).toSorted());
    });

    it("takes a client id of any characters, and one that is a name of every object", async () => {
      for (const client of [`${randomUUID()} {x}:"%\n`, `__proto__${randomUUID()}`, "toString"]) {
        const session = await begin([client]);
        expect(await listed(client)).to.deep.equal([session.id]);
        await models().destroy("Session", session.id);
      }
    });
  });
});
