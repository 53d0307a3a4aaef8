import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { toAccountId, type AccountId } from "../../src/accounts/account.js";
import type { SecondStepRecord } from "../../src/accounts/second-step-store.js";
import { describeOnEachBackend } from "../support/stores.js";

describeOnEachBackend("SecondStepStore", (stores) => {
  const store = () => stores().secondSteps;

  async function newAccount(): Promise<AccountId> {
    const id = randomUUID();
    const names = { username: `user-${id}`, email: `${id}@acme.test`, emailVerified: true };
    const account = { ...names, profile: {}, demonstration: false, passwordHash: undefined };
    const created = await stores().accounts.create({ id: toAccountId(`acct_${id}`), ...account });
    return created.id;
  }

  const add = (id: AccountId, sealedSecret = "sealed", replaces = false) =>
    store().add(id, { sealedSecret, usedStep: 100 }, { replaces });

  async function require(id: AccountId): Promise<SecondStepRecord> {
    const record = await store().find(id);
    if (record === undefined) throw new Error("no second step");
    return record;
  }

  async function withCodes(count = 10): Promise<AccountId> {
    const id = await newAccount();
    await add(id);
    await store().replaceRecoveryCodes(
      id,
      Array.from({ length: count }, (_, i) => `hash-${i}`),
    );
    return id;
  }

  it("keeps an authenticator, whose first code is used", async () => {
    const id = await newAccount();
    expect(await store().find(id)).to.equal(undefined);
    expect(await add(id)).to.equal(true);
    expect(await store().find(id)).to.deep.equal({
      sealedSecret: "sealed",
      lastUsedStep: 100,
      wrongCodes: 0,
      refusedUntilSeconds: 0,
      createdAtSeconds: stores().clock.nowSeconds(),
      recoveryCodes: [],
    });
  });

  it("adds one of several at once, and none to an account that is gone", async () => {
    const id = await newAccount();
    const results = await Promise.all(["a", "b", "c", "d"].map((secret) => add(id, secret)));
    expect(results.filter(Boolean)).to.have.length(1);
    expect(await add(toAccountId("acct_gone"))).to.equal(false);
  });

  it("replaces one only when told to, and keeps the recovery codes", async () => {
    const id = await withCodes(2);
    expect(await add(id, "another")).to.equal(false);
    expect((await require(id)).sealedSecret).to.equal("sealed");
    expect(await add(id, "another", true)).to.equal(true);
    const record = await require(id);
    expect(record.sealedSecret).to.equal("another");
    expect(record.recoveryCodes).to.have.length(2);
  });

  it("lets each time step be used once, and none before it (RFC 6238 §5.2)", async () => {
    const id = await newAccount();
    await add(id);
    expect(await store().useStep(id, "sealed", 100)).to.equal(false);
    const results = await Promise.all(
      Array.from({ length: 20 }, () => store().useStep(id, "sealed", 102)),
    );
    expect(results.filter(Boolean)).to.have.length(1);
    expect(await store().useStep(id, "sealed", 101)).to.equal(false);
    expect(await store().useStep(id, "other", 103)).to.equal(false);
    expect(await store().useStep(id, "sealed", 103)).to.equal(true);
  });

  it("counts one of several tries at once, until a code was right", async () => {
    const id = await newAccount();
    await add(id);
    const counted = { wrongCodes: 0, refusedUntilSeconds: 7 };
    const results = await Promise.all(
      Array.from({ length: 20 }, () => store().countTry(id, counted)),
    );
    expect(results.filter(Boolean)).to.have.length(1);
    expect(await require(id)).to.include({ wrongCodes: 1, refusedUntilSeconds: 7 });
    await store().useStep(id, "sealed", 101);
    expect(await require(id)).to.include({ wrongCodes: 0, refusedUntilSeconds: 0 });
  });

  it("lets each recovery code be used once", async () => {
    const id = await withCodes();
    const [code] = (await require(id)).recoveryCodes;
    if (code === undefined) throw new Error("no code");
    const results = await Promise.all(
      Array.from({ length: 20 }, () => store().useRecoveryCode(id, code)),
    );
    expect(results.filter(Boolean)).to.have.length(1);
    const used = (await require(id)).recoveryCodes.filter(
      ({ usedAtSeconds }) => usedAtSeconds !== undefined,
    );
    expect(used.map(({ position }) => position)).to.deep.equal([code.position]);
  });

  it("refuses a recovery code of a set that was replaced", async () => {
    const id = await withCodes();
    const [code] = (await require(id)).recoveryCodes;
    await store().replaceRecoveryCodes(id, ["new-0", "new-1"]);
    expect(code !== undefined && (await store().useRecoveryCode(id, code))).to.equal(false);
    expect((await require(id)).recoveryCodes.map(({ sealedHash }) => sealedHash)).to.deep.equal([
      "new-0",
      "new-1",
    ]);
  });

  it("leaves one whole set of several that are made at once", async () => {
    const id = await withCodes(3);
    await Promise.all(
      ["a", "b", "c", "d"].map((set) =>
        store().replaceRecoveryCodes(id, [`${set}0`, `${set}1`, `${set}2`]),
      ),
    );
    const hashes = (await require(id)).recoveryCodes.map(({ sealedHash }) => sealedHash);
    const [set] = hashes[0] ?? "";
    expect(hashes).to.deep.equal([`${set}0`, `${set}1`, `${set}2`]);
  });

  it("gives no recovery codes to an account without a second step", async () => {
    expect(await store().replaceRecoveryCodes(await newAccount(), ["a"])).to.equal(false);
  });

  it("removes all of it, also with the account", async () => {
    const id = await withCodes();
    expect(await store().remove(id)).to.equal(true);
    expect(await store().remove(id)).to.equal(false);
    await add(id);
    expect((await require(id)).recoveryCodes).to.deep.equal([]);
  });

  it("seals anew only what is still as it was read", async () => {
    const id = await withCodes(1);
    await store().reseal(id, "other", "newer");
    await store().reseal(id, "hash-0", "newer-hash");
    const record = await require(id);
    expect(record.sealedSecret).to.equal("sealed");
    expect(record.recoveryCodes[0]?.sealedHash).to.equal("newer-hash");
    expect(await store().listIds({ after: undefined, limit: 500 })).to.include(id);
  });
});
