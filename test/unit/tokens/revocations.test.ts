import { setImmediate as turn } from "node:timers/promises";
import { expect } from "chai";
import type { ChangeListener } from "../../../src/lib/change-feed.js";
import type { Revocation, RevocationStore } from "../../../src/tokens/revocation-store.js";
import { createRevocations } from "../../../src/tokens/revocations.js";

const NOW = 1_800_000_000;

/** A store whose reads end when the test says so, and a feed that it speaks through. */
function setUp({
  withFeed = true,
  maxMirrored = 100,
  stored = [],
}: { withFeed?: boolean; maxMirrored?: number; stored?: Revocation[] } = {}) {
  const rows = [...stored];
  const lists: (() => void)[] = [];
  const warnings: string[] = [];
  const state = { now: NOW, isCurrent: true, finds: 0, lists: 0, fails: false };
  const listeners: ChangeListener[] = [];
  const store: RevocationStore = {
    async add(added) {
      if (state.fails) throw new Error("the database is away");
      rows.push(...added);
    },
    async find(revoked) {
      state.finds++;
      return rows.filter((row) =>
        revoked.some(({ subject, id }) => row.subject === subject && row.id === id),
      );
    },
    async list(limit = Infinity) {
      state.lists++;
      // As they were when it was asked.
      const seen = rows.slice(0, limit);
      if (state.fails) throw new Error("the database is away");
      await new Promise<void>((resolve) => lists.push(resolve));
      return seen;
    },
  };
  const revocations = createRevocations({
    store,
    changes: withFeed
      ? {
          isCurrent: () => state.isCurrent,
          subscribe: (listener) => void listeners.push(listener),
          close: async () => {},
        }
      : undefined,
    clock: { nowMs: () => state.now * 1000, nowSeconds: () => state.now },
    logger: { warn: ((_fields: unknown, text: string) => warnings.push(text)) as never },
    longestGrantSeconds: 90 * 86_400,
    maxMirrored,
  });
  const [listener] = listeners;
  return {
    rows,
    state,
    warnings,
    revocations,
    /** What the database tells after somebody else wrote. */
    tell({ subject, id, issuedUntilSeconds, expiresAtSeconds }: Revocation) {
      const key = JSON.stringify([subject, id, issuedUntilSeconds, expiresAtSeconds]);
      listener?.changed({ table: "revocation", key });
    },
    changed: (key: string | undefined, table = "revocation") => listener?.changed({ table, key }),
    missed: () => listener?.missed(),
    async finishLists() {
      for (const finish of lists.splice(0)) finish();
      await turn();
    },
  };
}

const grant = (id: string, changes: Partial<Revocation> = {}): Revocation => ({
  subject: "grant",
  id,
  issuedUntilSeconds: NOW + 600,
  expiresAtSeconds: NOW + 600,
  ...changes,
});
const ofGrant = (grantId: string, issuedAtSeconds = NOW) => ({ grantId, issuedAtSeconds });

describe("revocations", () => {
  it("are asked of the store while nobody tells of changes: one call for all subjects", async () => {
    const { revocations, rows, state } = setUp({ withFeed: false });
    rows.push(grant("g"));
    const facts = {
      jti: "j",
      clientId: "c",
      grantId: "g",
      sessionUid: "s",
      accountId: "a",
      issuedAtSeconds: NOW,
    };
    expect(await revocations.isRevoked(facts)).to.equal(true);
    expect(await revocations.isRevoked({ ...facts, grantId: "other" })).to.equal(false);
    expect(state.finds).to.equal(2);
  });

  it("cost no call once they are read and changes are told", async () => {
    const { revocations, state, finishLists } = setUp({ stored: [grant("g")] });
    expect(await revocations.isRevoked(ofGrant("g")), "before").to.equal(true);
    expect(state.finds).to.equal(1);
    await finishLists();
    expect(await revocations.isRevoked(ofGrant("g"))).to.equal(true);
    expect(await revocations.isRevoked(ofGrant("other"))).to.equal(false);
    expect(state).to.include({ finds: 1, lists: 1 });
  });

  it("of all sessions but one leave that one, until others end without it", async () => {
    const others: Revocation = {
      subject: "other_sessions",
      id: "a",
      issuedUntilSeconds: NOW,
      expiresAtSeconds: NOW + 600,
    };
    const kept: Revocation = { ...others, subject: "kept_session", id: "s" };
    const { revocations, rows, finishLists } = setUp({ withFeed: false });
    rows.push(others, kept);
    const facts = { itself: "session", accountId: "a", issuedAtSeconds: NOW } as const;
    const isEnded = (sessionUid: string, changes = {}) =>
      revocations.isRevoked({ ...facts, sessionUid, ...changes });
    expect(await isEnded("s")).to.equal(false);
    expect(await isEnded("other")).to.equal(true);
    expect(await isEnded("other", { issuedAtSeconds: NOW + 1 }), "later").to.equal(false);
    expect(await isEnded("other", { accountId: "b" }), "of another account").to.equal(false);
    expect(await isEnded("other", { itself: undefined }), "of a token").to.equal(false);
    const listed = revocations.list();
    await finishLists();
    expect(await listed).to.deep.equal([]);
    rows.push({ ...others, issuedUntilSeconds: NOW + 5 });
    expect(await isEnded("s"), "others ended without it").to.equal(true);
    rows.splice(0, 3, { ...others, subject: "account" }, kept);
    expect(await isEnded("s"), "all ended").to.equal(true);
  });

  it("count what is told while they are read, which the list does not have yet", async () => {
    const { revocations, tell, finishLists } = setUp();
    tell(grant("told during"));
    await finishLists();
    expect(await revocations.isRevoked(ofGrant("told during"))).to.equal(true);
  });

  it("count the later of what is told and what is read, in whatever order", async () => {
    for (const [listed, told] of [
      [NOW - 5, NOW],
      [NOW, NOW - 5],
    ] as const) {
      const stored = [grant("g", { issuedUntilSeconds: listed })];
      const { revocations, tell, finishLists } = setUp({ stored });
      tell(grant("g", { issuedUntilSeconds: told }));
      await finishLists();
      tell(grant("g", { issuedUntilSeconds: NOW - 9, expiresAtSeconds: NOW + 1 }));
      expect(await revocations.isRevoked(ofGrant("g", NOW))).to.equal(true);
      expect(await revocations.isRevoked(ofGrant("g", NOW + 1))).to.equal(false);
      expect(await revocations.list()).to.deep.include(grant("g", { issuedUntilSeconds: NOW }));
    }
  });

  it("are read again after changes may have been missed, and not kept from before", async () => {
    const { revocations, rows, state, missed, finishLists } = setUp();
    await finishLists();
    rows.push(grant("missed"));
    expect(await revocations.isRevoked(ofGrant("missed")), "nobody told").to.equal(false);
    missed();
    expect(await revocations.isRevoked(ofGrant("missed")), "asked of the store").to.equal(true);
    expect(state.finds).to.equal(1);
    await finishLists();
    expect(await revocations.isRevoked(ofGrant("missed")), "read again").to.equal(true);
    expect(state.finds).to.equal(1);
  });

  it("take nothing from a list that was begun before the last interruption", async () => {
    const { revocations, rows, state, missed, finishLists } = setUp();
    // The first list is under way; this comes after it, and is told to nobody.
    rows.push(grant("in between"));
    missed();
    await finishLists();
    expect(state.lists).to.equal(2);
    expect(await revocations.isRevoked(ofGrant("in between"))).to.equal(true);
    expect(state.finds).to.equal(0);
  });

  it("are asked of the store while the feed is silent", async () => {
    const { revocations, rows, state, finishLists } = setUp();
    await finishLists();
    state.isCurrent = false;
    rows.push(grant("g"));
    expect(await revocations.isRevoked(ofGrant("g"))).to.equal(true);
    expect(state.finds).to.equal(1);
  });

  it("are read again when one is told that cannot be read, or many at once", async () => {
    for (const key of [undefined, "not JSON", '["grant"]', "{}"]) {
      const { revocations, rows, changed, finishLists } = setUp();
      await finishLists();
      rows.push(grant("g"));
      changed(key);
      await finishLists();
      expect(await revocations.isRevoked(ofGrant("g")), String(key)).to.equal(true);
    }
  });

  it("leave alone what concerns other tables, and subjects of a newer version", async () => {
    const { state, changed, finishLists } = setUp();
    await finishLists();
    changed(undefined, "account");
    changed('["planet","x",1,2]');
    expect(state.lists).to.equal(1);
  });

  it("are never forgotten before they expire, and then at once", async () => {
    const { revocations, state, tell, finishLists } = setUp();
    await finishLists();
    tell(grant("g"));
    for (const [after, revoked] of [
      [0, true],
      [599, true],
      [600, false],
    ] as const) {
      state.now = NOW + after;
      // A sweep comes with whatever is added a minute later.
      tell(grant(`other ${after}`, { expiresAtSeconds: NOW + 9000 }));
      expect(await revocations.isRevoked(ofGrant("g")), `after ${after} s`).to.equal(revoked);
    }
    expect((await revocations.list()).map(({ id }) => id)).not.to.include("g");
  });

  it("are not kept when they are too many: each check asks the store, until some have expired", async () => {
    const { revocations, rows, state, tell, warnings, finishLists } = setUp({ maxMirrored: 2 });
    await finishLists();
    for (const id of ["a", "b", "c"]) {
      rows.push(grant(id));
      tell(grant(id));
    }
    for (const id of ["a", "b", "c"]) {
      expect(await revocations.isRevoked(ofGrant(id)), id).to.equal(true);
    }
    expect(state.finds).to.equal(3);
    expect(warnings).to.deep.equal(["too many revocations to keep: each check asks the database"]);
    revocations.close();
  });

  it("are read again until the store answers", async () => {
    const { revocations, rows, state, missed, warnings, finishLists } = setUp();
    await finishLists();
    state.fails = true;
    missed();
    await turn();
    state.fails = false;
    rows.push(grant("g"));
    expect(await revocations.isRevoked(ofGrant("g"))).to.equal(true);
    while (state.lists < 3) await turn();
    await finishLists();
    const { finds } = state;
    expect(await revocations.isRevoked(ofGrant("g"))).to.equal(true);
    expect(state.finds).to.equal(finds);
    expect(warnings).to.have.length(1);
  });

  it("count at this node as soon as they are acknowledged, and are not when the store fails", async () => {
    const { revocations, rows, state, finishLists } = setUp();
    await finishLists();
    await revocations.revoke([{ subject: "grant", id: "g" }]);
    expect(await revocations.isRevoked(ofGrant("g"))).to.equal(true);
    state.fails = true;
    const outcome = await revocations.revoke([{ subject: "grant", id: "h" }]).then(
      () => "acknowledged",
      () => "refused",
    );
    expect(outcome).to.equal("refused");
    expect(rows.map(({ id }) => id)).to.deep.equal(["g"]);
  });

  it("tell whoever listens of what is added here and elsewhere", async () => {
    const { revocations, tell, finishLists } = setUp();
    await finishLists();
    let told = 0;
    revocations.subscribe(() => told++);
    await revocations.revoke([{ subject: "grant", id: "g" }]);
    expect(told).to.equal(1);
    tell(grant("h"));
    expect(told).to.equal(2);
  });

  describe("last", () => {
    it("as long as any access token may live, whatever the settings are by now, and five minutes", async () => {
      const { revocations, rows } = setUp({ withFeed: false });
      for (const subject of ["grant", "session"] as const) {
        await revocations.revoke([{ subject, id: "x" }]);
        expect(rows.at(-1)?.expiresAtSeconds, subject).to.equal(NOW + 86_400 + 300);
      }
    });

    it("for a token whose end is known until then, and five minutes", async () => {
      const { revocations, rows } = setUp({ withFeed: false });
      await revocations.revoke([{ subject: "token", id: "j", expiresAtSeconds: NOW + 60 }]);
      expect(rows[0]).to.include({
        issuedUntilSeconds: NOW + 360,
        expiresAtSeconds: NOW + 360,
      });
    });

    it("for an account, client or consent as long as any grant may live", async () => {
      const { revocations, rows } = setUp({ withFeed: false });
      await revocations.revoke([{ subject: "account", id: "a" }]);
      expect(rows[0]?.expiresAtSeconds).to.equal(NOW + 90 * 86_400 + 300);
    });
  });

  describe("end", () => {
    it("a token, grant or session for good, whatever the clock of the node that issues for it", async () => {
      const { revocations } = setUp({ withFeed: false });
      const id = "x";
      await revocations.revoke([
        { subject: "token", id },
        { subject: "grant", id },
        { subject: "session", id },
      ]);
      for (const facts of [{ jti: id }, { grantId: id }, { sessionUid: id }]) {
        const issuedAtSeconds = NOW + 60;
        expect(await revocations.isRevoked({ ...facts, issuedAtSeconds })).to.equal(true);
      }
    });

    it("of an account, client or consent what was issued up to and including this second", async () => {
      const { revocations } = setUp({ withFeed: false });
      await revocations.revoke([
        { subject: "account", id: "a" },
        { subject: "client", id: "c" },
        { subject: "consent", id: "person client" },
      ]);
      for (const facts of [
        { accountId: "a" },
        { clientId: "c" },
        { accountId: "person", clientId: "client" },
      ]) {
        const at = (issuedAtSeconds: number) =>
          revocations.isRevoked({ ...facts, issuedAtSeconds });
        expect([await at(NOW - 1), await at(NOW), await at(NOW + 1)]).to.deep.equal([
          true,
          true,
          false,
        ]);
      }
      const other = { accountId: "other", clientId: "client", issuedAtSeconds: NOW };
      expect(await revocations.isRevoked(other)).to.equal(false);
    });
  });
});
