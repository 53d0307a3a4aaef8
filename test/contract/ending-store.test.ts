import { randomUUID } from "node:crypto";
import { expect } from "chai";
import type { ClaimedEnding } from "../../src/sessions/ending-store.js";
import { describeOnEachBackend } from "../support/stores.js";

describeOnEachBackend("EndingStore", (stores) => {
  const endings = () => stores().endings;
  const request = (id: string, leaseSeconds = 0) =>
    endings().request({ subject: "account", id, reason: "administrator" }, leaseSeconds);

  /** All that are due. */
  async function claimAll(): Promise<ClaimedEnding[]> {
    const claimed: ClaimedEnding[] = [];
    for (;;) {
      const next = await endings().claim(30);
      if (next === undefined) return claimed;
      claimed.push(next);
    }
  }

  afterEach(async () => {
    stores().clock.advance(60);
    for (const each of await claimAll()) await endings().finish(each);
  });

  it("gives each ending to one of many callers, with all that was said of it", async () => {
    const ids = Array.from({ length: 20 }, () => randomUUID());
    for (const id of ids) await request(id);
    const claimed = await Promise.all(Array.from({ length: 30 }, () => endings().claim(30)));
    const found = claimed.flatMap((each) => each ?? []);
    expect(found.map(({ id }) => id).toSorted()).to.deep.equal(ids.toSorted());
    expect(found[0]).to.include({
      subject: "account",
      reason: "administrator",
      endedUntilSeconds: stores().clock.nowSeconds(),
    });
  });

  it("keeps it for whoever asked for it until their lease is over", async () => {
    const id = randomUUID();
    await request(id, 30);
    expect(await endings().claim(30)).to.equal(undefined);
    stores().clock.advance(30);
    expect(await endings().claim(30)).to.include({ id });
  });

  it("gives what was not completed to another when the lease is over, and what was to nobody", async () => {
    const [left, done] = [randomUUID(), randomUUID()];
    await request(left);
    await request(done);
    for (const each of await claimAll()) if (each.id === done) await endings().finish(each);
    stores().clock.advance(30);
    expect((await claimAll()).map(({ id }) => id)).to.deep.equal([left]);
  });

  it("is due anew, for all up to now, when it is asked for again meanwhile", async () => {
    const id = randomUUID();
    await request(id);
    const first = await endings().claim(30);
    stores().clock.advance(5);
    await request(id);
    if (first !== undefined) await endings().finish(first);
    const second = await endings().claim(30);
    expect(second?.endedUntilSeconds).to.equal(stores().clock.nowSeconds());
  });
});
