import { randomUUID } from "node:crypto";
import { expect } from "chai";
import {
  DELIVERED_KEPT_SECONDS,
  FAILED_KEPT_SECONDS,
  SAME_LOGOUT_SECONDS,
  type ClaimedLogout,
  type LogoutDelivery,
  type RequestedLogout,
} from "../../src/sessions/logout-delivery-store.js";
import { describeOnEachBackend } from "../support/stores.js";

const LEASE_SECONDS = 30;

function newLogout(changes: Partial<RequestedLogout> = {}): RequestedLogout {
  return {
    clientId: `client-${randomUUID()}`,
    accountId: "acct_1",
    sid: randomUUID(),
    destination: "rp.example",
    ...changes,
  };
}

describeOnEachBackend("LogoutDeliveryStore", (stores) => {
  const store = () => stores().logoutDeliveries;
  const advance = (seconds: number) => stores().clock.advance(seconds);
  const claim = (exceptDestinations: readonly string[] = []) =>
    store().claim({ exceptDestinations, leaseSeconds: LEASE_SECONDS });
  const only = async ({ clientId }: RequestedLogout): Promise<LogoutDelivery | undefined> => {
    const found = await store().list({ clientId, limit: 10 });
    expect(found).to.have.length(1);
    return found[0];
  };

  async function require(exceptDestinations: readonly string[] = []): Promise<ClaimedLogout> {
    const claimed = await claim(exceptDestinations);
    if (claimed === undefined) throw new Error("nothing was due");
    return claimed;
  }

  beforeEach("nothing is left of another test", async () => {
    await stores().database.knex("logout_delivery").delete();
  });

  it("gives out what was enqueued, once, with all that is known of it", async () => {
    const logout = newLogout();
    await store().enqueue([logout]);
    const claimed = await require();
    expect(claimed).to.include({ ...logout, state: "pending", failures: 0, reason: undefined });
    expect(await claim()).to.equal(undefined);
  });

  it("gives each to one of many callers", async () => {
    const logouts = Array.from({ length: 60 }, () => newLogout());
    await store().enqueue(logouts);
    const claims = await Promise.all(Array.from({ length: 80 }, () => claim()));
    const given = claims.flatMap((claimed) => claimed?.sid ?? []);
    expect(given.toSorted()).to.deep.equal(logouts.map(({ sid }) => sid).toSorted());
  });

  it("enqueues many clients of a session together", async () => {
    const logouts = Array.from({ length: 450 }, () => newLogout());
    await store().enqueue(logouts);
    expect(await store().list({ state: "pending", limit: 1_000 })).to.have.length(450);
  });

  it("leaves out destinations that are at their limit, however much waits for them", async () => {
    await store().enqueue(
      Array.from({ length: 20 }, () => newLogout({ destination: "busy.example" })),
    );
    const other = newLogout({ destination: "idle.example" });
    advance(1);
    await store().enqueue([other]);
    expect(await require(["busy.example"])).to.include(other);
    expect(await claim(["busy.example", "idle.example"])).to.equal(undefined);
  });

  it("gives out what is due the longest first", async () => {
    const logouts = [newLogout(), newLogout(), newLogout()];
    for (const logout of logouts) {
      await store().enqueue([logout]);
      advance(1);
    }
    const given = [await require(), await require(), await require()];
    expect(given.map(({ sid }) => sid)).to.deep.equal(logouts.map(({ sid }) => sid));
  });

  it("gives it to somebody else when the lease ends, and what the first does then counts no more", async () => {
    const logout = newLogout();
    await store().enqueue([logout]);
    const first = await require();
    advance(LEASE_SECONDS - 1);
    expect(await claim()).to.equal(undefined);
    advance(1);
    const second = await require();
    expect(second.id).to.equal(first.id);
    expect(await store().markDelivered(first)).to.equal(false);
    expect(await store().markFailed(first, "late")).to.equal(false);
    expect(await store().postpone(first, { reason: "late", delaySeconds: 5 })).to.equal(false);
    await store().release(first);
    expect(await claim()).to.equal(undefined);
    expect(await store().markDelivered(second)).to.equal(true);
    expect(await only(logout)).to.include({ state: "delivered", dueAtSeconds: undefined });
  });

  it("makes what was given back due at once", async () => {
    const logout = newLogout();
    await store().enqueue([logout]);
    await store().release(await require());
    expect(await require()).to.include({ ...logout, failures: 0 });
  });

  it("puts off what failed, and says why", async () => {
    const logout = newLogout();
    await store().enqueue([logout]);
    expect(
      await store().postpone(await require(), { reason: "it answered 500", delaySeconds: 5 }),
    ).to.equal(true);
    advance(4);
    expect(await claim()).to.equal(undefined);
    advance(1);
    expect(await require()).to.include({ ...logout, failures: 1, reason: "it answered 500" });
  });

  it("puts off with it what else is due for the same client, and for no other", async () => {
    const clientId = `client-${randomUUID()}`;
    const [first, second, other] = [newLogout({ clientId }), newLogout({ clientId }), newLogout()];
    await store().enqueue([first, second]);
    const claimed = await require();
    await store().enqueue([other]);
    await store().postpone({ ...claimed, failures: 3 }, { reason: "it is away", delaySeconds: 40 });
    const untouched = await require();
    expect(untouched).to.include(other);
    await store().markDelivered(untouched);
    expect(await claim()).to.equal(undefined);
    advance(40);
    const again = [await require(), await require()];
    expect(again.map(({ failures }) => failures)).to.deep.equal([4, 4]);
    expect(again.map(({ sid }) => sid).toSorted()).to.deep.equal(
      [first.sid, second.sid].toSorted(),
    );
  });

  describe("one logout of a client and session", () => {
    it("that waits is not enqueued again", async () => {
      const logout = newLogout();
      await store().enqueue([logout]);
      advance(SAME_LOGOUT_SECONDS);
      await Promise.all(Array.from({ length: 10 }, () => store().enqueue([logout])));
      await require();
      expect(await claim()).to.equal(undefined);
    });

    it("that was asked for just now is not made due again, delivered or under way", async () => {
      const logout = newLogout();
      await store().enqueue([logout]);
      const claimed = await require();
      await store().enqueue([logout]);
      expect(await claim()).to.equal(undefined);
      await store().markDelivered(claimed);
      advance(SAME_LOGOUT_SECONDS - 1);
      await store().enqueue([logout]);
      expect(await only(logout)).to.include({ state: "delivered" });
    });

    it("is due anew later: the session did not end the first time", async () => {
      for (const finish of ["markDelivered", "markFailed", "nothing"] as const) {
        const logout = newLogout();
        await store().enqueue([logout]);
        const claimed = await require();
        if (finish === "markDelivered") await store().markDelivered(claimed);
        if (finish === "markFailed") await store().markFailed(claimed, "refused");
        advance(SAME_LOGOUT_SECONDS);
        await store().enqueue([logout]);
        const again = await require();
        expect(again).to.include({ ...logout, id: claimed.id, failures: 0, reason: undefined });
        // An attempt that was under way meanwhile says nothing about the new one.
        expect(await store().markDelivered(claimed)).to.equal(false);
        await store().markDelivered(again);
      }
    });
  });

  it("fails what is overdue, save what is under way", async () => {
    const [waits, runs] = [newLogout(), newLogout()];
    await store().enqueue([waits]);
    const failed = await require();
    await store().postpone(failed, { reason: "it is away", delaySeconds: 3600 });
    advance(60);
    const now = stores().clock.nowSeconds();
    await store().enqueue([runs]);
    const running = await require();
    expect(await store().failOverdue(now, 10)).to.have.length(1);
    expect(await store().failOverdue(now + 10, 10)).to.deep.equal([]);
    expect(await only(waits)).to.include({ state: "failed", reason: "it is away" });
    expect(await store().markDelivered(running)).to.equal(true);
  });

  it("fails as many at a time as asked for, and tells which", async () => {
    await store().enqueue(Array.from({ length: 5 }, () => newLogout()));
    advance(1);
    const now = stores().clock.nowSeconds();
    const failed = await Promise.all([store().failOverdue(now, 3), store().failOverdue(now, 3)]);
    failed.push(await store().failOverdue(now, 3));
    expect(new Set(failed.flat().map(({ sid }) => sid)).size).to.equal(5);
    expect(failed.flat()).to.have.length(5);
    expect(failed.flat()[0]).to.include({ state: "failed", reason: "it was never tried" });
  });

  it("starts again what failed or waits, and nothing else", async () => {
    const logout = newLogout();
    await store().enqueue([logout]);
    const claimed = await require();
    expect(await store().restart(claimed.id)).to.equal(false);
    await store().postpone(claimed, { reason: "it is away", delaySeconds: 3600 });
    expect(await store().restart(claimed.id)).to.equal(true);
    await store().markFailed(await require(), "it answered 400");
    expect(await store().restart(claimed.id)).to.equal(true);
    const again = await require();
    expect(again).to.include({ ...logout, state: "pending", failures: 0, reason: undefined });
    await store().markDelivered(again);
    for (const id of [claimed.id, "unknown", "nul\0"]) {
      expect(await store().restart(id)).to.equal(false);
    }
  });

  it("lists the newest first, by state and by client", async () => {
    const [old, fresh] = [newLogout(), newLogout()];
    await store().enqueue([old]);
    await store().markFailed(await require(), "it answered 400");
    advance(1);
    await store().enqueue([fresh]);
    const listed = await store().list({ limit: 10 });
    expect(listed.map(({ sid }) => sid)).to.deep.equal([fresh.sid, old.sid]);
    expect(await store().list({ limit: 1 })).to.have.length(1);
    const failed = await store().list({ state: "failed", limit: 10 });
    expect(failed.map(({ sid }) => sid)).to.deep.equal([old.sid]);
    const ofClient = await store().list({ state: "failed", clientId: fresh.clientId, limit: 10 });
    expect(ofClient).to.deep.equal([]);
  });

  it("forgets delivered and failed ones after their time, and never one that waits", async () => {
    const [delivered, failed, waits] = [newLogout(), newLogout(), newLogout()];
    await store().enqueue([delivered]);
    await store().markDelivered(await require());
    await store().enqueue([failed]);
    await store().markFailed(await require(), "it answered 400");
    await store().enqueue([waits]);
    advance(DELIVERED_KEPT_SECONDS - 1);
    expect(await store().purgeExpired(10)).to.equal(0);
    advance(1);
    expect(await store().purgeExpired(10)).to.equal(1);
    advance(FAILED_KEPT_SECONDS);
    expect(await store().purgeExpired(10)).to.equal(1);
    const left = await store().list({ limit: 10 });
    expect(left.map(({ sid }) => sid)).to.deep.equal([waits.sid]);
  });
});
