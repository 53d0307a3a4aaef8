import { randomUUID } from "node:crypto";
import { expect } from "chai";
import {
  FAILED_MAIL_KEPT_SECONDS,
  OUTBOX_KEPT_SECONDS,
  type ClaimedMail,
  type NewMail,
} from "../../src/mail/mail-store.js";
import { describeOnEachBackend } from "../support/stores.js";

const LEASE_SECONDS = 90;
const USEFUL_FOR_SECONDS = 3_600;

describeOnEachBackend("MailStore", (stores) => {
  const store = () => stores().mailStore;
  const advance = (seconds: number) => stores().clock.advance(seconds);
  const claim = () => store().claim(LEASE_SECONDS);

  function newMail(changes: Partial<NewMail> = {}): NewMail {
    return {
      id: randomUUID(),
      accountId: "acct_1",
      template: "reset_password",
      sealed: "sealed",
      usefulUntilSeconds: stores().clock.nowSeconds() + USEFUL_FOR_SECONDS,
      ...changes,
    };
  }

  async function enqueue(changes: Partial<NewMail> = {}): Promise<NewMail> {
    const mail = newMail(changes);
    await store().enqueue(mail);
    return mail;
  }

  async function require(): Promise<ClaimedMail> {
    const claimed = await claim();
    if (claimed === undefined) throw new Error("nothing was due");
    return claimed;
  }

  beforeEach("nothing is left of another test", async () => {
    await stores().database.knex("mail_message").delete();
  });

  it("gives out what was enqueued, once, with all that is known of it", async () => {
    const mail = await enqueue();
    expect(await require()).to.include({ ...mail, state: "pending", failures: 0 });
    expect(await claim()).to.equal(undefined);
  });

  it("gives each to one of many callers", async () => {
    const ids: string[] = [];
    for (let count = 0; count < 30; count += 1) ids.push((await enqueue()).id);
    const claims = await Promise.all(Array.from({ length: 50 }, claim));
    const given = claims.flatMap((claimed) => claimed?.id ?? []);
    expect(given.toSorted()).to.deep.equal(ids.toSorted());
  });

  it("gives out what is due the longest first", async () => {
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      ids.push((await enqueue()).id);
      advance(1);
    }
    const given = [await require(), await require(), await require()];
    expect(given.map(({ id }) => id)).to.deep.equal(ids);
  });

  it("keeps nothing of what was delivered", async () => {
    const { id } = await enqueue();
    expect(await store().markDelivered(await require())).to.equal(true);
    expect(await store().find(id)).to.equal(undefined);
  });

  it("gives it to somebody else when the lease ends, and what the first does then counts no more", async () => {
    const { id } = await enqueue();
    const first = await require();
    advance(LEASE_SECONDS - 1);
    expect(await claim()).to.equal(undefined);
    advance(1);
    const second = await require();
    expect(second.id).to.equal(id);
    expect(await store().markDelivered(first)).to.equal(false);
    expect(await store().markFailed(first, "late")).to.equal(false);
    expect(await store().postpone(first, { reason: "late", delaySeconds: 5 })).to.equal(false);
    expect(await claim()).to.equal(undefined);
    expect(await store().markDelivered(second)).to.equal(true);
  });

  it("puts off what failed, and says why", async () => {
    const mail = await enqueue();
    const failure = { reason: "451 busy", delaySeconds: 5 };
    expect(await store().postpone(await require(), failure)).to.equal(true);
    advance(4);
    expect(await claim()).to.equal(undefined);
    advance(1);
    expect(await require()).to.include({ ...mail, failures: 1, reason: "451 busy" });
  });

  it("gives up what is of no use any more, save what is under way", async () => {
    const waits = await enqueue();
    await store().postpone(await require(), { reason: "451 busy", delaySeconds: 9_000 });
    const never = await enqueue();
    advance(USEFUL_FOR_SECONDS - 1);
    expect(await store().failOverdue(10)).to.deep.equal([]);
    const runs = await enqueue({ usefulUntilSeconds: stores().clock.nowSeconds() + 1 });
    await store().postpone(await require(), { reason: "it is away", delaySeconds: 60 });
    const running = await require();
    advance(1);
    const failed = await Promise.all([store().failOverdue(10), store().failOverdue(10)]);
    expect(failed.flat().map(({ id, reason }) => [id, reason])).to.have.deep.members([
      [waits.id, "451 busy"],
      [never.id, "it is away"],
    ]);
    expect(running.id).to.equal(runs.id);
    expect(await store().markDelivered(running)).to.equal(true);
  });

  it("starts again what failed or waits, and nothing else", async () => {
    const { id } = await enqueue();
    const claimed = await require();
    expect(await store().restart(id, 60)).to.equal(false);
    await store().postpone(claimed, { reason: "it is away", delaySeconds: 3_600 });
    expect(await store().restart(id, 60)).to.equal(true);
    expect(await store().markFailed(await require(), "550 no such user")).to.equal(true);
    expect(await claim()).to.equal(undefined);
    advance(USEFUL_FOR_SECONDS);
    expect(await store().restart(id, 60)).to.equal(true);
    expect(await store().failOverdue(10)).to.deep.equal([]);
    expect(await require()).to.include({ id, state: "pending", failures: 0, reason: undefined });
    const kept = newMail();
    await store().keep(kept);
    for (const each of [kept.id, "unknown", "nul\0"]) {
      expect(await store().restart(each, 60)).to.equal(false);
    }
  });

  it("keeps what is never sent for a while, and what is discarded not even to be seen", async () => {
    const kept = newMail();
    await store().keep(kept);
    await store().discard(newMail());
    expect(await claim()).to.equal(undefined);
    const listed = await store().list({ limit: 10 });
    expect(listed.map(({ id, state }) => [id, state])).to.deep.equal([[kept.id, "kept"]]);
    expect(await store().purgeExpired(10)).to.equal(1);
    advance(OUTBOX_KEPT_SECONDS);
    expect(await store().purgeExpired(10)).to.equal(1);
  });

  it("lists the newest first, by state", async () => {
    const old = await enqueue();
    await store().markFailed(await require(), "550 no such user");
    advance(1);
    const fresh = await enqueue();
    const idsOf = async (filter: Parameters<ReturnType<typeof store>["list"]>[0]) =>
      (await store().list(filter)).map(({ id }) => id);
    expect(await idsOf({ limit: 10 })).to.deep.equal([fresh.id, old.id]);
    expect(await idsOf({ limit: 1 })).to.deep.equal([fresh.id]);
    expect(await idsOf({ state: "failed", limit: 10 })).to.deep.equal([old.id]);
  });

  it("forgets failed ones after their time, and never one that waits", async () => {
    await enqueue();
    await store().markFailed(await require(), "550 no such user");
    const waits = await enqueue();
    advance(FAILED_MAIL_KEPT_SECONDS - 1);
    expect(await store().purgeExpired(10)).to.equal(0);
    advance(1);
    expect(await store().purgeExpired(10)).to.equal(1);
    const left = await store().list({ limit: 10 });
    expect(left.map(({ id }) => id)).to.deep.equal([waits.id]);
  });
});
