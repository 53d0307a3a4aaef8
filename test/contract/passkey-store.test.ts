import { randomBytes, randomUUID } from "node:crypto";
import { expect } from "chai";
import type { AccountId } from "../../src/accounts/account.js";
import type { NewAccount } from "../../src/accounts/account-store.js";
import { IdentifierTakenError } from "../../src/accounts/identifier-taken-error.js";
import type { NewPasskey } from "../../src/accounts/passkey.js";
import { describeKeptAndNot } from "../support/stores.js";
import { rejectionOf } from "../support/stores-rejection.js";

const ISSUER = "https://idp.test";
const EVERY_WAY = { password: true, passkeys: true, issuers: [ISSUER] };

function newAccount(changes: Partial<NewAccount> = {}): NewAccount {
  const id = randomUUID();
  return {
    id: `acct_${id}` as AccountId,
    username: `user-${id}`,
    email: `${id}@acme.test`,
    emailVerified: true,
    profile: {},
    demonstration: false,
    passwordHash: undefined,
    ...changes,
  };
}

function newPasskey(changes: Partial<NewPasskey> = {}): NewPasskey {
  return {
    credentialId: randomBytes(16).toString("base64url"),
    userHandle: randomBytes(32).toString("base64url"),
    publicKey: randomBytes(77).toString("base64url"),
    counter: 0,
    transports: ["internal", "hybrid"],
    aaguid: "00000000-0000-0000-0000-000000000000",
    isSynced: true,
    isBackedUp: false,
    name: "Firefox on Linux",
    ...changes,
  };
}

describeKeptAndNot("PasskeyStore", (stores) => {
  const passkeys = () => stores().passkeys;
  const accounts = () => stores().accounts;

  async function accountWith(count: number, changes: Partial<NewAccount> = {}) {
    const { id } = await accounts().create(newAccount(changes));
    const added = Array.from({ length: count }, () => newPasskey());
    for (const passkey of added) await passkeys().add(id, passkey);
    return { id, ids: added.map(({ credentialId }) => credentialId) };
  }

  it("gives back every fact of a passkey", async () => {
    const { id } = await accountWith(0);
    const given = newPasskey({ counter: 7, transports: [], isSynced: false, name: "Schlüssel 鍵" });
    expect(await passkeys().add(id, given)).to.equal(true);
    const whole = {
      ...given,
      accountId: id,
      createdAtSeconds: stores().clock.nowSeconds(),
      lastUsedAtSeconds: undefined,
    };
    expect(await passkeys().find(given.credentialId)).to.deep.equal(whole);
    expect(await passkeys().listOfAccount(id)).to.deep.equal([whole]);
  });

  it("finds none under an id that nobody has, or that no database takes", async () => {
    expect(await passkeys().find("nobody")).to.equal(undefined);
    expect(await passkeys().find("no\0body")).to.equal(undefined);
    const { id } = await accountWith(0);
    expect(await passkeys().rename(id, "no\0body", "Name")).to.equal(false);
    expect(await passkeys().remove(id, "no\0body", EVERY_WAY)).to.equal("unknown");
  });

  it("gives a credential that two accounts add at once to one of them", async () => {
    const owners = [await accountWith(0), await accountWith(0)];
    const passkey = newPasskey();
    const added = await Promise.all(owners.map(({ id }) => passkeys().add(id, passkey)));
    expect(added.filter(Boolean)).to.have.length(1);
    const owner = owners[added.indexOf(true)];
    expect((await passkeys().find(passkey.credentialId))?.accountId).to.equal(owner?.id);
    expect(await passkeys().add("acct_none" as AccountId, newPasskey())).to.equal(false);
  });

  it("makes an account with its passkey, and neither when a name or the credential is taken", async () => {
    const account = newAccount();
    const passkey = newPasskey();
    const created = await passkeys().createAccount(account, passkey);
    expect(await accounts().find(account.id)).to.deep.equal(created);
    expect((await passkeys().find(passkey.credentialId))?.accountId).to.equal(account.id);

    for (const [other, its] of [
      [newAccount({ email: account.email }), newPasskey()],
      [newAccount(), passkey],
    ] as const) {
      expect(await rejectionOf(passkeys().createAccount(other, its))).to.be.instanceOf(
        IdentifierTakenError,
      );
      expect(await accounts().find(other.id)).to.equal(undefined);
    }
  });

  it("counts as a way in of whoever has an address", async () => {
    const account = newAccount({ invitedUntilSeconds: stores().clock.nowSeconds() + 100 });
    await passkeys().createAccount(account, newPasskey());
    const holder = await stores().federatedIdentities.findAddressHolder(account.email ?? "");
    expect(holder).to.deep.include({ hasWayIn: true, isInvited: false });
  });

  describe("a use (Web Authentication §6.1.1)", () => {
    const use = (credentialId: string | undefined, counter: number) =>
      passkeys().recordUse(credentialId ?? "", { counter, isBackedUp: true });

    it("is recorded while the counter grows, and never when it does not", async () => {
      const { ids } = await accountWith(1);
      stores().clock.advance(60);
      expect(await use(ids[0], 5)).to.equal(true);
      expect(await passkeys().find(ids[0] ?? "")).to.deep.include({
        counter: 5,
        isBackedUp: true,
        lastUsedAtSeconds: stores().clock.nowSeconds(),
      });
      for (const counter of [5, 4, 0]) expect(await use(ids[0], counter)).to.equal(false);
      expect(await use(ids[0], 6)).to.equal(true);
    });

    it("is recorded again and again when the authenticator does not count", async () => {
      const { ids } = await accountWith(1);
      expect(await use(ids[0], 0)).to.equal(true);
      expect(await use(ids[0], 0)).to.equal(true);
      expect(await use("nobody", 0)).to.equal(false);
    });

    it("of one count that comes ten times at once is recorded once", async () => {
      const { ids } = await accountWith(1);
      const recorded = await Promise.all(Array.from({ length: 10 }, () => use(ids[0], 9)));
      expect(recorded.filter(Boolean)).to.have.length(1);
    });
  });

  it("is renamed by its owner alone", async () => {
    const owner = await accountWith(1);
    const other = await accountWith(1);
    const [credentialId = ""] = owner.ids;
    expect(await passkeys().rename(other.id, credentialId, "Mine")).to.equal(false);
    expect(await passkeys().rename(owner.id, credentialId, "Laptop")).to.equal(true);
    expect((await passkeys().find(credentialId))?.name).to.equal("Laptop");
  });

  describe("taking one away", () => {
    const remove = (id: AccountId, credentialId = "", waysIn = EVERY_WAY) =>
      passkeys().remove(id, credentialId, waysIn);

    it("is done while a password, another passkey or an identity remains", async () => {
      const withPassword = await accountWith(1, { passwordHash: "$argon2id$x" });
      expect(await remove(withPassword.id, withPassword.ids[0])).to.equal("removed");
      expect(await passkeys().find(withPassword.ids[0] ?? "")).to.equal(undefined);
      const withTwo = await accountWith(2);
      expect(await remove(withTwo.id, withTwo.ids[0])).to.equal("removed");
      expect(await remove(withTwo.id, withTwo.ids[1])).to.equal("last_way_in");
      const identity = { issuer: ISSUER, subject: randomUUID(), provider: "corp", display: "" };
      await stores().federatedIdentities.link(withTwo.id, identity);
      expect(await remove(withTwo.id, withTwo.ids[1])).to.equal("removed");
      const { id } = withTwo;
      const unlinked = stores().federatedIdentities.unlink(id, identity, EVERY_WAY);
      expect(await unlinked).to.equal("last_way_in");
    });

    it("counts only ways that can be used", async () => {
      const { id, ids } = await accountWith(2, { passwordHash: "$argon2id$x" });
      const none = { password: false, passkeys: false, issuers: [] };
      expect(await remove(id, ids[0], none)).to.equal("last_way_in");
      expect(await remove(id, ids[0], { ...none, passkeys: true })).to.equal("removed");
    });

    it("leaves one of two that are taken away at once, also of a passkey and an identity", async () => {
      for (let round = 0; round < 3; round++) {
        const { id, ids } = await accountWith(2);
        const results = await Promise.all(ids.map((each) => remove(id, each)));
        expect(results.toSorted()).to.deep.equal(["last_way_in", "removed"]);
        const identity = { issuer: ISSUER, subject: randomUUID(), provider: "corp", display: "" };
        const { federatedIdentities } = stores();
        await federatedIdentities.link(id, identity);
        const [left] = await passkeys().listOfAccount(id);
        const both = await Promise.all([
          remove(id, left?.credentialId),
          federatedIdentities.unlink(id, identity, EVERY_WAY),
        ]);
        expect(both.filter((each) => each === "last_way_in")).to.have.length(1);
      }
    });

    it("does nothing to another account's", async () => {
      const owner = await accountWith(1, { passwordHash: "$argon2id$x" });
      const other = await accountWith(2, { passwordHash: "$argon2id$x" });
      expect(await remove(other.id, owner.ids[0])).to.equal("unknown");
      expect(await passkeys().find(owner.ids[0] ?? "")).to.not.equal(undefined);
    });
  });
});
