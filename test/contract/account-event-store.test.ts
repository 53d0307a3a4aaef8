import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { toAccountId } from "../../src/accounts/account.js";
import type { AccountEvent } from "../../src/accounts/account-event-store.js";
import { describeOnEachBackend } from "../support/stores.js";

describeOnEachBackend("account event store", (stores) => {
  let people = 0;

  async function createAccount() {
    const id = toAccountId(`acct_${randomUUID()}`);
    await stores().accounts.create({
      id,
      username: `person${++people}`,
      email: undefined,
      emailVerified: false,
      profile: {},
      demonstration: false,
      passwordHash: undefined,
    });
    return id;
  }

  function event(accountId: string, changes: Partial<AccountEvent> = {}): AccountEvent {
    const atSeconds = changes.atSeconds ?? stores().clock.nowSeconds();
    return {
      id: randomUUID(),
      accountId,
      kind: "signed-in",
      about: "notes",
      userAgent: "Firefox",
      network: "203.0.113.0/24",
      count: 1,
      beganAtSeconds: atSeconds,
      expiresAtSeconds: atSeconds + 1000,
      ...changes,
      atSeconds,
    };
  }

  it("gives back what it was told, the newest first, and nothing of others", async () => {
    const [own, other] = [await createAccount(), await createAccount()];
    const now = stores().clock.nowSeconds();
    const older = event(own, { atSeconds: now - 10, about: undefined, userAgent: undefined });
    const newer = event(own, { atSeconds: now });
    await stores().accountEvents.add([older, event(other), newer]);
    const found = await stores().accountEvents.listOfAccount(own, { limit: 10 });
    expect(found).to.deep.equal([newer, older]);
  });

  it("pages without leaving any out, also of one second", async () => {
    const own = await createAccount();
    const told = Array.from({ length: 7 }, () => event(own));
    await stores().accountEvents.add(told);
    const seen: string[] = [];
    let after: AccountEvent | undefined;
    do {
      const page = await stores().accountEvents.listOfAccount(own, { after, limit: 3 });
      seen.push(...page.map(({ id }) => id));
      after = page.at(-1);
    } while (after !== undefined);
    expect(seen.toSorted()).to.deep.equal(told.map(({ id }) => id).toSorted());
  });

  it("counts those of one id together, of writers at once as well", async () => {
    const own = await createAccount();
    const now = stores().clock.nowSeconds();
    const failed = event(own, { kind: "sign-in-failed", count: 2, atSeconds: now - 5 });
    const again = { ...failed, count: 3, atSeconds: now, network: "198.51.100.0/24" };
    await stores().accountEvents.add([failed]);
    await Promise.all(
      Array.from({ length: 10 }, () => stores().accountEvents.add([again, event(own)])),
    );
    const found = await stores().accountEvents.listOfAccount(own, { limit: 50 });
    expect(found).to.have.length(11);
    expect(found.find(({ id }) => id === failed.id)).to.deep.include({
      count: 32,
      beganAtSeconds: now - 5,
      atSeconds: now,
      network: "198.51.100.0/24",
    });
  });

  it("drops those of accounts that are gone, and keeps the others", async () => {
    const own = await createAccount();
    await stores().accountEvents.add([event("acct_gone"), event(own)]);
    expect(await stores().accountEvents.listOfAccount(own, { limit: 5 })).to.have.length(1);
  });

  it("shows nothing whose time is over, and deletes it in batches", async () => {
    const own = await createAccount();
    const told = Array.from({ length: 5 }, () => event(own));
    await stores().accountEvents.add(told);
    stores().clock.advance(1000);
    expect(await stores().accountEvents.listOfAccount(own, { limit: 5 })).to.deep.equal([]);
    expect(await stores().accountEvents.purgeExpired(3)).to.equal(3);
    const count = async () =>
      (await stores().database.knex("account_event").where({ account_id: own })).length;
    await stores().accountEvents.purgeExpired(1000);
    expect(await count()).to.equal(0);
  });
});
