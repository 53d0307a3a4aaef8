import { randomUUID } from "node:crypto";
import { expect } from "chai";
import type { AccountId } from "../../src/accounts/account.js";
import type { NewAccount } from "../../src/accounts/account-store.js";
import type { NewFederatedIdentity } from "../../src/accounts/federated-identity-store.js";
import { IdentifierTakenError } from "../../src/accounts/identifier-taken-error.js";
import { describeKeptAndNot } from "../support/stores.js";
import { rejectionOf } from "../support/stores-rejection.js";

const ISSUER = "https://idp.test";
const OTHER_ISSUER = "https://other.test";
const EVERY_WAY = { password: true, passkeys: true, issuers: [ISSUER, OTHER_ISSUER] };

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

function newIdentity(changes: Partial<NewFederatedIdentity> = {}): NewFederatedIdentity {
  return { issuer: ISSUER, subject: randomUUID(), provider: "corp", display: "Ada", ...changes };
}

describeKeptAndNot("FederatedIdentityStore", (stores) => {
  const identities = () => stores().federatedIdentities;
  const accounts = () => stores().accounts;

  it("makes an account with its identity", async () => {
    const account = newAccount();
    const identity = newIdentity();
    const created = await identities().createAccount(account, identity);
    expect(await accounts().find(account.id)).to.deep.equal(created);
    const found = await identities().find(identity);
    expect(found).to.deep.equal({
      ...identity,
      accountId: account.id,
      linkedAtSeconds: stores().clock.nowSeconds(),
      lastUsedAtSeconds: undefined,
    });
  });

  it("tells the same subject of two issuers apart (OpenID Connect Core §5.7)", async () => {
    const subject = randomUUID();
    const here = await identities().createAccount(newAccount(), newIdentity({ subject }));
    const there = await identities().createAccount(
      newAccount(),
      newIdentity({ subject, issuer: OTHER_ISSUER }),
    );
    expect((await identities().find({ issuer: ISSUER, subject }))?.accountId).to.equal(here.id);
    expect((await identities().find({ issuer: OTHER_ISSUER, subject }))?.accountId).to.equal(
      there.id,
    );
  });

  it("tells subjects apart by case, and finds none with NUL", async () => {
    const identity = newIdentity({ subject: `Sub-${randomUUID()}` });
    await identities().createAccount(newAccount(), identity);
    const { subject } = identity;
    expect(await identities().find({ issuer: ISSUER, subject: subject.toLowerCase() })).to.equal(
      undefined,
    );
    expect(await identities().find({ issuer: ISSUER, subject: `${subject}\0` })).to.equal(
      undefined,
    );
  });

  it("makes neither account nor identity when a name is taken", async () => {
    const first = await accounts().create(newAccount());
    const second = newAccount({ email: first.email?.toUpperCase() });
    const identity = newIdentity();
    expect(await rejectionOf(identities().createAccount(second, identity))).to.be.instanceOf(
      IdentifierTakenError,
    );
    expect(await identities().find(identity)).to.equal(undefined);
    expect(await accounts().find(second.id)).to.equal(undefined);
  });

  it("makes one account of an identity that comes twenty times at once", async () => {
    const identity = newIdentity();
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, () => identities().createAccount(newAccount(), identity)),
    );
    const made = results.flatMap((each) => (each.status === "fulfilled" ? [each.value.id] : []));
    expect(made).to.have.length(1);
    for (const each of results) {
      if (each.status === "rejected") expect(each.reason).to.be.instanceOf(IdentifierTakenError);
    }
    expect((await identities().find(identity))?.accountId).to.equal(made[0]);
  });

  it("links an identity with one account, again and again, and with no other", async () => {
    const owner = await accounts().create(newAccount());
    const other = await accounts().create(newAccount());
    const identity = newIdentity();
    expect(await identities().link(owner.id, identity)).to.equal(true);
    expect(await identities().link(owner.id, identity)).to.equal(true);
    expect(await identities().link(other.id, identity)).to.equal(false);
    expect(await identities().link("acct_none" as AccountId, newIdentity())).to.equal(false);
    expect((await identities().find(identity))?.accountId).to.equal(owner.id);
  });

  it("gives an identity that two accounts link at once to one of them", async () => {
    const owners = await Promise.all([newAccount(), newAccount()].map((a) => accounts().create(a)));
    const identity = newIdentity();
    const linked = await Promise.all(owners.map(({ id }) => identities().link(id, identity)));
    expect(linked.filter(Boolean)).to.have.length(1);
  });

  it("remembers the last use, through which provider and how the person is called there", async () => {
    const { id } = await identities().createAccount(newAccount(), newIdentity());
    const [identity] = await identities().listOfAccount(id);
    if (identity === undefined) throw new Error("no identity");
    stores().clock.advance(60);
    await identities().recordUse({ ...identity, provider: "corp2", display: undefined });
    expect(await identities().find(identity)).to.deep.include({
      provider: "corp2",
      display: undefined,
      lastUsedAtSeconds: identity.linkedAtSeconds + 60,
    });
  });

  describe("who has an address", () => {
    it("is found in any spelling, with what is known of the ways in", async () => {
      const bare = await accounts().create(newAccount());
      const holder = () => identities().findAddressHolder(bare.email?.toUpperCase() ?? "");
      expect(await holder()).to.deep.equal({ account: bare, hasWayIn: false, isInvited: false });
      await identities().link(bare.id, newIdentity());
      expect((await holder())?.hasWayIn).to.equal(true);
      expect(await identities().findAddressHolder("nobody@acme.test")).to.equal(undefined);
    });

    it("has a way in with a password, and then is invited no more", async () => {
      const invitedUntilSeconds = stores().clock.nowSeconds() + 100;
      const invited = await accounts().create(newAccount({ invitedUntilSeconds }));
      const holder = () => identities().findAddressHolder(invited.email ?? "");
      expect(await holder()).to.deep.include({ hasWayIn: false, isInvited: true });
      await accounts().setPasswordHash(invited.id, "$argon2id$x");
      expect(await holder()).to.deep.include({ hasWayIn: true, isInvited: false });
    });
  });

  describe("an invitation", () => {
    const invite = () =>
      accounts().create(
        newAccount({
          emailVerified: false,
          invitedUntilSeconds: stores().clock.nowSeconds() + 100,
        }),
      );

    it("is taken up once; the address is verified then", async () => {
      const { id } = await invite();
      const identity = newIdentity();
      expect(await identities().claimInvitation(id, identity)).to.equal(true);
      expect((await identities().find(identity))?.accountId).to.equal(id);
      const holder = await identities().findAddressHolder((await accounts().find(id))?.email ?? "");
      expect(holder).to.deep.include({ hasWayIn: true, isInvited: false });
      expect(holder?.account.emailVerified).to.equal(true);
      const late = newIdentity();
      expect(await identities().claimInvitation(id, late)).to.equal(false);
      expect(await identities().find(late)).to.equal(undefined);
    });

    it("goes to one of ten that come at once", async () => {
      const { id } = await invite();
      const claimed = await Promise.all(
        Array.from({ length: 10 }, () => identities().claimInvitation(id, newIdentity())),
      );
      expect(claimed.filter(Boolean)).to.have.length(1);
      expect(await identities().listOfAccount(id)).to.have.length(1);
    });

    it("expires", async () => {
      const { id, email } = await invite();
      stores().clock.advance(100);
      expect((await identities().findAddressHolder(email ?? ""))?.isInvited).to.equal(false);
      expect(await identities().claimInvitation(id, newIdentity())).to.equal(false);
    });

    it("stays when the identity is another account's", async () => {
      const { id, email } = await invite();
      const identity = newIdentity();
      await identities().createAccount(newAccount(), identity);
      expect(await identities().claimInvitation(id, identity)).to.equal(false);
      expect((await identities().findAddressHolder(email ?? ""))?.isInvited).to.equal(true);
    });
  });

  describe("taking an identity away", () => {
    async function accountWith(count: number, changes: Partial<NewAccount> = {}) {
      const { id } = await accounts().create(newAccount(changes));
      const issuers = [ISSUER, OTHER_ISSUER].slice(0, count);
      const linked = issuers.map((issuer) => newIdentity({ issuer }));
      for (const identity of linked) await identities().link(id, identity);
      return { id, linked };
    }

    it("is done while a password or another identity remains", async () => {
      const withPassword = await accountWith(1, { passwordHash: "$argon2id$x" });
      for (const identity of withPassword.linked) {
        expect(await identities().unlink(withPassword.id, identity, EVERY_WAY)).to.equal(
          "unlinked",
        );
        expect(await identities().find(identity)).to.equal(undefined);
      }
      const withTwo = await accountWith(2);
      const [first = newIdentity(), second = newIdentity()] = withTwo.linked;
      expect(await identities().unlink(withTwo.id, first, EVERY_WAY)).to.equal("unlinked");
      expect(await identities().unlink(withTwo.id, second, EVERY_WAY)).to.equal("last_way_in");
      expect(await identities().find(second)).to.not.equal(undefined);
    });

    it("is refused when what remains can't be used: passwords or that provider are off", async () => {
      const { id, linked } = await accountWith(2, { passwordHash: "$argon2id$x" });
      const [first = newIdentity()] = linked;
      const waysIn = { password: false, passkeys: false, issuers: [ISSUER] };
      expect(await identities().unlink(id, first, waysIn)).to.equal("last_way_in");
    });

    it("leaves one of two that are taken away at once", async () => {
      for (let round = 0; round < 5; round++) {
        const { id, linked } = await accountWith(2);
        const results = await Promise.all(
          linked.map((identity) => identities().unlink(id, identity, EVERY_WAY)),
        );
        expect(results.toSorted()).to.deep.equal(["last_way_in", "unlinked"]);
        expect(await identities().listOfAccount(id)).to.have.length(1);
      }
    });

    it("does nothing to what another account is linked with", async () => {
      const owner = await accountWith(1, { passwordHash: "$argon2id$x" });
      const other = await accountWith(2, { passwordHash: "$argon2id$x" });
      const [theirs = newIdentity()] = owner.linked;
      expect(await identities().unlink(other.id, theirs, EVERY_WAY)).to.equal("not_linked");
      expect((await identities().find(theirs))?.accountId).to.equal(owner.id);
    });
  });

  describe("a profile that is taken over", () => {
    it("replaces profile and address, by which the account is then found", async () => {
      const { id, email } = await accounts().create(newAccount({ emailVerified: false }));
      const next = `${randomUUID()}@acme.test`;
      await accounts().replaceProfile(id, { profile: { name: "New" }, email: next });
      expect(await accounts().find(id)).to.deep.include({
        email: next,
        emailVerified: true,
        profile: { name: "New" },
      });
      expect((await accounts().findForSignIn(next))?.account.id).to.equal(id);
      expect(await accounts().findForSignIn(email ?? "")).to.equal(undefined);
    });

    it("keeps a user name that was the former address", async () => {
      const former = `${randomUUID()}@acme.test`;
      const next = `${randomUUID()}@acme.test`;
      const { id } = await accounts().create(newAccount({ username: former, email: former }));
      await accounts().replaceProfile(id, { profile: {}, email: next });
      for (const name of [former, next]) {
        expect((await accounts().findForSignIn(name))?.account.id).to.equal(id);
      }
      await accounts().replaceProfile(id, { profile: {}, email: former });
      expect(await accounts().findForSignIn(next)).to.equal(undefined);
    });

    it("changes nothing when the address is another account's", async () => {
      const other = await accounts().create(newAccount());
      const { id, email } = await accounts().create(newAccount());
      const replaced = { profile: { name: "New" }, email: other.email };
      expect(await rejectionOf(accounts().replaceProfile(id, replaced))).to.be.instanceOf(
        IdentifierTakenError,
      );
      expect(await accounts().find(id)).to.deep.include({ email, profile: {} });
      const nobody = accounts().replaceProfile("acct_none" as AccountId, replaced);
      expect(await nobody).to.equal(false);
    });
  });
});
