import { randomUUID } from "node:crypto";
import { expect } from "chai";
import type { Revocation } from "../../src/tokens/revocation-store.js";
import { describeOnEachBackend } from "../support/stores.js";

describeOnEachBackend("RevocationStore", (stores) => {
  const records = () => stores().revocationRecords;
  const now = () => stores().clock.nowSeconds();

  const newRevocation = (changes: Partial<Revocation> = {}): Revocation => ({
    subject: "grant",
    id: randomUUID(),
    issuedUntilSeconds: now(),
    expiresAtSeconds: now() + 600,
    ...changes,
  });

  it("finds what was added, by subject and id, and nothing else", async () => {
    const added = [
      newRevocation(),
      newRevocation({ subject: "token" }),
      newRevocation({ subject: "consent", id: "acct_1 client with spaces" }),
    ];
    await records().add(added);
    expect(await records().find(added)).to.have.deep.members(added);
    const [first] = added;
    expect(await records().find([{ subject: "grant", id: first?.id ?? "" }])).to.deep.equal([
      first,
    ]);
    const others = [
      { subject: "session", id: first?.id ?? "" },
      { subject: "grant", id: "another" },
      { subject: "grant", id: "" },
      { subject: "grant", id: "no\0text" },
    ] as const;
    expect(await records().find(others)).to.deep.equal([]);
    expect(await records().find([])).to.deep.equal([]);
  });

  it("keeps the later of each time, in whatever order they come", async () => {
    const { id } = newRevocation();
    const early = newRevocation({ id, issuedUntilSeconds: now(), expiresAtSeconds: now() + 900 });
    const late = newRevocation({ id, issuedUntilSeconds: now() + 5 });
    for (const order of [
      [[early], [late]],
      [[late], [early]],
      [[early, late]],
      [[late, early, late]],
    ]) {
      const other = randomUUID();
      for (const step of order) await records().add(step.map((each) => ({ ...each, id: other })));
      expect(await records().find([{ subject: "grant", id: other }])).to.deep.equal([
        {
          subject: "grant",
          id: other,
          issuedUntilSeconds: now() + 5,
          expiresAtSeconds: now() + 900,
        },
      ]);
    }
  });

  it("keeps the later of each time of many that are added at once by several nodes", async () => {
    const ids = Array.from({ length: 20 }, () => randomUUID());
    const times = Array.from({ length: 12 }, (_, index) => index);
    await Promise.all(
      times.map((turn) => {
        const added = ids.map((id) =>
          newRevocation({ id, issuedUntilSeconds: turn, expiresAtSeconds: now() + 700 - turn }),
        );
        // Some in one order, some in the other: none waits for another in a circle.
        return records().add(turn % 2 === 0 ? added : added.toReversed());
      }),
    );
    const found = await records().find(ids.map((id) => ({ subject: "grant", id })));
    expect(found.map((each) => each.issuedUntilSeconds)).to.deep.equal(ids.map(() => 11));
    expect(found.map((each) => each.expiresAtSeconds)).to.deep.equal(ids.map(() => now() + 700));
  });

  it("adds all or none", async () => {
    const good = newRevocation();
    const bad = newRevocation({ id: null as never });
    for (const added of [
      [good, bad],
      [...Array.from({ length: 900 }, () => newRevocation()), good, bad],
    ]) {
      const outcome = await records()
        .add(added)
        .then(
          () => "added",
          () => "refused",
        );
      expect(outcome).to.equal("refused");
      expect(await records().find([good])).to.deep.equal([]);
    }
  });

  it("adds and finds more than one statement holds", async () => {
    const added = Array.from({ length: 1500 }, () => newRevocation());
    await records().add(added);
    expect(await records().find(added)).to.have.length(1500);
  });

  it("finds by one statement, for all that ask in the same turn", async () => {
    const added = [newRevocation(), newRevocation({ subject: "token" })];
    await records().add(added);
    let queries = 0;
    const count = () => queries++;
    stores().database.knex.on("query", count);
    const found = await Promise.all(added.map((each) => records().find([each, newRevocation()])));
    stores().database.knex.removeListener("query", count);
    expect(found).to.deep.equal(added.map((each) => [each]));
    expect(queries).to.equal(1);
  });

  it("returns none that has expired, purged or not, and purges only those", async () => {
    while ((await records().purgeExpired(1000)) > 0);
    const short = newRevocation({ expiresAtSeconds: now() + 60 });
    const long = newRevocation({ expiresAtSeconds: now() + 120 });
    await records().add([short, long]);
    stores().clock.advance(59);
    expect(await records().find([short, long])).to.have.length(2);
    expect(await records().purgeExpired(1000)).to.equal(0);
    stores().clock.advance(1);
    expect(await records().find([short, long])).to.deep.equal([long]);
    expect(await records().list())
      .to.deep.include(long)
      .and.not.deep.include(short);
    expect(await records().purgeExpired(1000)).to.equal(1);
    expect(await records().find([long])).to.deep.equal([long]);
  });

  it("purges in batches, and never one that is renewed meanwhile", async () => {
    stores().clock.advance(10_000);
    while ((await records().purgeExpired(1000)) > 0);
    const added = Array.from({ length: 7 }, () => newRevocation({ expiresAtSeconds: now() + 1 }));
    await records().add(added);
    stores().clock.advance(1);
    const [renewed] = added;
    await records().add([{ ...newRevocation(), id: renewed?.id ?? "" }]);
    expect(await records().purgeExpired(4)).to.equal(4);
    expect(await records().purgeExpired(4)).to.equal(2);
    expect(await records().find(added)).to.have.length(1);
  });

  it("lists no more than it is asked for", async () => {
    await records().add(Array.from({ length: 5 }, () => newRevocation()));
    expect(await records().list(3)).to.have.length(3);
    expect((await records().list()).length).to.be.at.least(5);
  });

  it("leaves out what a newer version made, whose subjects nobody here knows", async () => {
    const id = randomUUID();
    await stores()
      .database.knex("revocation")
      .insert({
        subject: "planet",
        id,
        issued_until: now(),
        expires_at: now() + 60,
      });
    expect((await records().list()).map((each) => each.id)).not.to.include(id);
  });
});
