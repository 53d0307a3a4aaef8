import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { TOKEN_SUBJECTS, consentId } from "../../src/tokens/revocation-store.js";
import type {
  CounterBlock,
  NewStatusList,
  RevokedSubject,
  StatusListEntry,
} from "../../src/tokens/status-list-store.js";
import { newList } from "../support/new-status-list.js";
import { describeOnEachBackend } from "../support/stores.js";
import { killStoresChildren, startStoresChild } from "../support/stores-child-process.js";

function countersOf(blocks: readonly CounterBlock[]): string[] {
  return blocks.flatMap(({ id, first, end }) =>
    Array.from({ length: end - first }, (_, offset) => `${id} ${first + offset}`),
  );
}

describeOnEachBackend("StatusListStore", (stores) => {
  const lists = () => stores().statusLists;
  const now = () => stores().clock.nowSeconds();
  const newApi = () => `https://${randomUUID()}.example.com`;
  after(killStoresChildren);

  function reserve(api: string, count = 10, next: NewStatusList = newList(now())) {
    return lists().reserve({ api, count, next: () => next });
  }

  let nextIndex = 0;
  function newEntry(changes: Partial<StatusListEntry> = {}): StatusListEntry {
    return {
      listId: 1,
      index: nextIndex++,
      jti: randomUUID(),
      grantId: randomUUID(),
      sessionUid: randomUUID(),
      accountId: randomUUID(),
      clientId: randomUUID(),
      issuedAtSeconds: now(),
      ...changes,
    };
  }

  /** The indices of list 1 that these concern. */
  async function findRevoked(...revoked: RevokedSubject[]): Promise<number[]> {
    const found = await lists().findRevoked(revoked);
    return found.map(({ index }) => index).toSorted((a, b) => a - b);
  }

  describe("counters", () => {
    it("opens a list for the first, and gives on from there", async () => {
      const api = newApi();
      const next = newList(now());
      expect(await reserve(api, 10, next)).to.deep.equal({ ...next, api, first: 0, end: 10 });
      const later = await reserve(api, 5);
      expect(later).to.deep.equal({ ...next, api, first: 10, end: 15 });
    });

    it("gives what is left of a list, then opens the next", async () => {
      const api = newApi();
      const small = newList(now(), 8);
      const blocks = [await reserve(api, 5, small), await reserve(api, 5), await reserve(api, 5)];
      expect(blocks[1]).to.include({ id: small.id, first: 5, end: 8 });
      expect(blocks[2]).to.include({ first: 0, end: 5 });
      expect(blocks[2]?.id).to.not.equal(small.id);
    });

    it("opens the next when a list has been open for its time", async () => {
      const api = newApi();
      const old = await reserve(api);
      stores().clock.advance(3600);
      const young = await reserve(api);
      expect(young.id).to.not.equal(old.id);
      expect(young.first).to.equal(0);
    });

    it("keeps the lists of two APIs apart", async () => {
      const [one, other] = [await reserve(newApi()), await reserve(newApi())];
      expect(one.id).to.not.equal(other.id);
      expect([one.first, other.first]).to.deep.equal([0, 0]);
    });

    it("gives no counter twice to processes that ask at once, across the ends of lists", async () => {
      const api = newApi();
      const children = [startStoresChild(), startStoresChild(), startStoresChild()];
      const call = {
        command: "reserveCounters",
        target: stores().url,
        id: api,
        nowSeconds: now(),
        times: 60,
      } as const;
      const answers = await Promise.all(children.map((child) => child.call(call)));
      const blocks = answers.flat() as CounterBlock[];
      const counters = countersOf(blocks);
      expect(blocks).to.have.length(180);
      expect(new Set(counters).size).to.equal(counters.length);
      // Of those that found a list full, one opened the next: 64 counters each, and none left out.
      const used = new Set(blocks.map(({ id }) => id)).size;
      expect(used).to.equal(Math.ceil(counters.length / 64));
      const rows = await stores().database.knex("status_list").where({ api });
      expect(rows).to.have.length.within(used, used + 1);
    });

    it("goes on after a process was killed with counters in its hands: they are lost, no more", async () => {
      const api = newApi();
      const child = startStoresChild();
      const call = { command: "reserveCounters", target: stores().url, id: api } as const;
      const [held] = (await child.call({ ...call, nowSeconds: now() })) as CounterBlock[];
      await child.kill();
      expect(held).to.include({ first: 0, end: 3 });
      expect(await reserve(api, 3)).to.include({ id: held?.id, first: 3, end: 6 });
    });
  });

  describe("entries", () => {
    it("finds by every subject the tokens that it concerns, and no others", async () => {
      const ids = { jti: "j", grantId: "g", sessionUid: "s", accountId: "a", clientId: "c" };
      const concerned = {
        token: newEntry({ jti: `${ids.jti}1` }),
        grant: newEntry({ grantId: `${ids.grantId}1` }),
        session: newEntry({ sessionUid: `${ids.sessionUid}1` }),
        account: newEntry({ accountId: `${ids.accountId}1` }),
        client: newEntry({ clientId: `${ids.clientId}1` }),
        consent: newEntry({ accountId: "a2", clientId: "c 2" }),
      };
      const others = [newEntry({ accountId: "a2" }), newEntry({ clientId: "c 2" }), newEntry()];
      await lists().add([...Object.values(concerned), ...others]);
      const idOf = {
        token: "j1",
        grant: "g1",
        session: "s1",
        account: "a1",
        client: "c1",
        consent: "a2 c 2",
      };
      for (const subject of TOKEN_SUBJECTS) {
        const revoked = { subject, id: idOf[subject], issuedUntilSeconds: now() };
        expect(await findRevoked(revoked), subject).to.deep.equal([concerned[subject].index]);
        // The same id of another kind is nobody's.
        for (const other of TOKEN_SUBJECTS.filter((each) => each !== subject)) {
          const wrong = { subject: other, id: idOf[subject], issuedUntilSeconds: now() };
          expect(await findRevoked(wrong), `${subject} as ${other}`).to.deep.equal([]);
        }
      }
    });

    it("finds what was issued up to and including the second, not what came later", async () => {
      const grantId = randomUUID();
      const at = (issuedAtSeconds: number) => newEntry({ grantId, issuedAtSeconds });
      const entries = [at(now() - 1), at(now()), at(now() + 1)];
      await lists().add(entries);
      const found = await findRevoked({ subject: "grant", id: grantId, issuedUntilSeconds: now() });
      expect(found).to.deep.equal([entries[0]?.index, entries[1]?.index]);
    });

    it("keeps a machine's token, which has no grant, session or account", async () => {
      const none = { grantId: undefined, sessionUid: undefined, accountId: undefined };
      const entry = newEntry(none);
      await lists().add([entry]);
      const revoked = { id: entry.clientId, issuedUntilSeconds: now() };
      expect(await findRevoked({ subject: "client", ...revoked })).to.deep.equal([entry.index]);
    });

    it("finds an exchanged token by those that it came from, each by when it was issued itself", async () => {
      const [subject, actor] = [newEntry({ issuedAtSeconds: now() - 10 }), newEntry()];
      const entry = newEntry({ ancestors: [subject, actor], issuedAtSeconds: now() + 5 });
      const many = Array.from({ length: 399 }, () => newEntry({ ancestors: [newEntry()] }));
      await lists().add([entry, ...many]);
      const early = { issuedUntilSeconds: now() - 10 };
      const { jti, clientId, accountId = "" } = subject;
      for (const revoked of [
        { subject: "token", id: jti, ...early },
        { subject: "client", id: clientId, ...early },
        { subject: "consent", id: consentId(accountId, clientId), ...early },
        { subject: "session", id: actor.sessionUid ?? "", issuedUntilSeconds: now() },
        { subject: "token", id: entry.jti, issuedUntilSeconds: now() + 5 },
      ] as const) {
        expect(await findRevoked(revoked), revoked.subject).to.deep.equal([entry.index]);
      }
      expect(await findRevoked({ subject: "token", id: actor.jti, ...early })).to.deep.equal([]);
      expect(await findRevoked({ subject: "token", id: entry.jti, ...early })).to.deep.equal([]);
    });

    it("finds those of more revocations than a statement has room for", async () => {
      const entries = Array.from({ length: 1200 }, () => newEntry());
      for (const start of [0, 400, 800]) await lists().add(entries.slice(start, start + 400));
      const revoked = entries.map(({ grantId = "" }) => ({
        subject: "grant" as const,
        id: grantId,
        issuedUntilSeconds: now(),
      }));
      expect(await findRevoked(...revoked)).to.deep.equal(entries.map(({ index }) => index));
      expect(await lists().findRevoked([])).to.deep.equal([]);
    });

    it("stores no id of a token, a grant, a session, an account or a client in the clear", async () => {
      const entry = newEntry();
      await lists().add([entry]);
      const rows = await stores().database.knex("status_list_entry").where({ idx: entry.index });
      for (const id of [entry.jti, entry.grantId, entry.accountId, entry.clientId]) {
        expect(JSON.stringify(rows)).to.not.include(id);
      }
    });

    it("refuses an index that is taken: two tokens never share a bit (§13.3)", async () => {
      const entry = newEntry();
      await lists().add([entry]);
      const fresh = newEntry();
      let failed = false;
      try {
        await lists().add([fresh, newEntry({ index: entry.index })]);
      } catch {
        failed = true;
      }
      expect(failed).to.equal(true);
      // All or none.
      const revoked = { id: fresh.jti, issuedUntilSeconds: now() };
      expect(await findRevoked({ subject: "token", ...revoked })).to.deep.equal([]);
    });
  });

  describe("the end of a list", () => {
    it("is found until its last token has expired, which may be later than was thought", async () => {
      const api = newApi();
      const { id } = await reserve(api);
      const found = { id, api, capacity: 1024 };
      expect(await lists().find(id)).to.deep.equal(found);
      expect(await lists().find(id + 1)).to.equal(undefined);
      await lists().extend(id, now() + 4300);
      await lists().extend(id, now() + 10);
      stores().clock.advance(4299);
      expect(await lists().find(id)).to.deep.equal(found);
      stores().clock.advance(1);
      expect(await lists().find(id)).to.equal(undefined);
    });

    it("is purged with its entries some time later, in bounded steps", async () => {
      const { knex } = stores().database;
      await knex("status_list_entry").delete();
      await knex("status_list").delete();
      const ended = await reserve(newApi());
      await lists().add(
        Array.from({ length: 25 }, () => newEntry({ listId: ended.id, ancestors: [newEntry()] })),
      );
      stores().clock.advance(4200);
      expect(await lists().purgeExpired(10)).to.equal(0);
      const live = await reserve(newApi());
      await lists().add([newEntry({ listId: live.id })]);
      stores().clock.advance(60);
      const steps = [];
      do steps.push(await lists().purgeExpired(10));
      while (steps.at(-1) === 10);
      expect(steps).to.deep.equal([10, 10, 6]);
      expect(await knex("status_list").pluck("id")).to.deep.equal([live.id]);
      expect(await knex("status_list_entry").pluck("list_id")).to.deep.equal([live.id]);
      expect(await knex("status_list_ancestor").where({ list_id: ended.id })).to.deep.equal([]);
    });

    it("is purged by several nodes at once without harm", async () => {
      const { knex } = stores().database;
      const ended = await reserve(newApi());
      await lists().add(Array.from({ length: 50 }, () => newEntry({ listId: ended.id })));
      stores().clock.advance(4260);
      await Promise.all(Array.from({ length: 5 }, () => lists().purgeExpired(20)));
      await lists().purgeExpired(100);
      expect(await knex("status_list").where({ id: ended.id })).to.deep.equal([]);
      expect(await knex("status_list_entry").where({ list_id: ended.id })).to.deep.equal([]);
    });
  });
});
