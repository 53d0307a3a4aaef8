import { randomUUID } from "node:crypto";
import { expect } from "chai";
import type { AccountId } from "../../src/accounts/account.js";
import type { NewAccount } from "../../src/accounts/account-store.js";
import type { UpstreamPerson, UpstreamRules } from "../../src/accounts/federated-identity.js";
import {
  createFederatedSignIn,
  type FederatedSignInResult,
} from "../../src/accounts/federated-sign-in.js";
import { createInviteAccount } from "../../src/accounts/invite-account.js";
import { createLinkIdentity } from "../../src/accounts/link-identity.js";
import { describeOnEachBackend } from "../support/stores.js";
import { codeOfRejection } from "../support/stores-rejection.js";

const RULES: UpstreamRules = {
  id: "corp",
  accounts: "create",
  allowedDomains: [],
  emailAuthoritativeFor: ["acme.test"],
  takesOverProfile: false,
};

function newPerson(claims: Partial<UpstreamPerson["claims"]> = {}): UpstreamPerson {
  const none = { email: undefined, emailVerified: false, username: undefined, profile: {} };
  const subject = randomUUID();
  return { issuer: "https://idp.test", subject, claims: { ...none, ...claims } };
}

function accountIdOf(result: FederatedSignInResult): AccountId {
  if (result.outcome !== "signed_in") throw new Error(`not signed in: ${result.outcome}`);
  return result.account.id;
}

describeOnEachBackend("federatedSignIn", (stores) => {
  const warnings: unknown[] = [];
  const deps = () => ({
    ...stores(),
    logger: { warn: (...line: unknown[]) => warnings.push(line) },
  });
  const signIn = (person: UpstreamPerson, rules: Partial<UpstreamRules> = {}) =>
    createFederatedSignIn(deps())(person, { ...RULES, ...rules });
  const link = (accountId: AccountId, person: UpstreamPerson) =>
    createLinkIdentity(deps())(accountId, person, RULES);

  const newEmail = () => `${randomUUID()}@acme.test`;
  const verified = (email: string) => ({ email, emailVerified: true });

  async function createLocal(changes: Partial<NewAccount> = {}) {
    return stores().accounts.create({
      id: `acct_${randomUUID()}` as AccountId,
      username: `user-${randomUUID()}`,
      email: newEmail(),
      emailVerified: true,
      profile: {},
      demonstration: false,
      passwordHash: "$argon2id$x",
      ...changes,
    });
  }

  const invite = (email: string) =>
    createInviteAccount(stores())({ email, profile: {}, validSeconds: 100 });

  it("makes an account at the first sign-in, and finds it at the second", async () => {
    const email = newEmail();
    const person = newPerson({ ...verified(email), username: "ada", profile: { name: "Ada" } });
    const first = await signIn(person);
    expect(first).to.deep.include({ outcome: "signed_in", by: "new_account" });
    const id = accountIdOf(first);
    expect(await stores().accounts.find(id)).to.deep.include({
      username: email,
      email,
      emailVerified: true,
      profile: { name: "Ada" },
    });
    const second = await signIn(person);
    expect(second).to.deep.include({ outcome: "signed_in", by: "identity" });
    expect(accountIdOf(second)).to.equal(id);
  });

  it("makes an account that no password opens (Casdoor: a federated user with an empty one)", async () => {
    const email = newEmail();
    await signIn(newPerson(verified(email)));
    expect((await stores().accounts.findForSignIn(email))?.passwordHash).to.equal(undefined);
  });

  it("makes one account of twenty first sign-ins at once, and signs all of them in", async () => {
    const person = newPerson(verified(newEmail()));
    const results = await Promise.all(Array.from({ length: 20 }, () => signIn(person)));
    expect(new Set(results.map(accountIdOf))).to.have.property("size", 1);
    expect(results.filter((each) => "by" in each && each.by === "new_account")).to.have.length(1);
  });

  it("finds the account that the same person's other sign-in made between its own look-ups", async () => {
    const person = newPerson(verified(newEmail()));
    const { federatedIdentities } = stores();
    let other: FederatedSignInResult | undefined;
    const result = await createFederatedSignIn({
      ...deps(),
      federatedIdentities: {
        ...federatedIdentities,
        async find(subject) {
          const found = await federatedIdentities.find(subject);
          other ??= await signIn(person);
          return found;
        },
      },
    })(person, RULES);
    if (other === undefined) throw new Error("no other sign-in");
    expect(accountIdOf(result)).to.equal(accountIdOf(other));
  });

  it("makes two accounts of two people with one user name at once, told apart", async () => {
    const username = `same-${randomUUID()}`;
    const results = await Promise.all([1, 2, 3].map(() => signIn(newPerson({ username }))));
    const accounts = results.flatMap((each) => ("account" in each ? [each.account] : []));
    const names = accounts.map((account) => account.username);
    expect(new Set(names)).to.have.property("size", 3);
    expect(names).to.include(username);
    for (const name of names) expect(name).to.match(new RegExp(`^${username}`));
  });

  it("lets two people with one believed address at once have one account, and asks the other for proof", async () => {
    const email = newEmail();
    const results = await Promise.all([1, 2].map(() => signIn(newPerson(verified(email)))));
    expect(results.map(({ outcome }) => outcome).toSorted()).to.deep.equal([
      "must_prove",
      "signed_in",
    ]);
  });

  it("makes another account of the same subject of another issuer (ASVS 10.5.2)", async () => {
    const person = newPerson();
    const other = { ...person, issuer: "https://other.test" };
    expect(accountIdOf(await signIn(person))).to.not.equal(accountIdOf(await signIn(other)));
  });

  describe("takeover (an upstream account with the victim's address)", () => {
    it("gets an account of its own without that address, as long as it is not verified", async () => {
      const victim = await createLocal();
      for (const claims of [
        { email: victim.email, emailVerified: false },
        { email: victim.email, emailVerified: false, username: victim.username },
        { email: victim.email, emailVerified: false, username: victim.email },
      ]) {
        const result = await signIn(newPerson(claims));
        const id = accountIdOf(result);
        expect(id).to.not.equal(victim.id);
        const account = await stores().accounts.find(id);
        expect(account?.email).to.equal(undefined);
        expect(account?.username).to.not.equal(victim.email).and.not.equal(victim.username);
      }
      expect(await stores().federatedIdentities.listOfAccount(victim.id)).to.deep.equal([]);
    });

    it("has to prove the victim's account when it is verified, again and again", async () => {
      const victim = await createLocal();
      const person = newPerson(verified(victim.email ?? ""));
      for (let attempt = 0; attempt < 2; attempt++) {
        expect(await signIn(person)).to.deep.include({ outcome: "must_prove" });
      }
      expect(await stores().federatedIdentities.find(person)).to.equal(undefined);
    });

    it("is not believed of domains that the provider is not known for", async () => {
      const victim = await createLocal({ email: `${randomUUID()}@elsewhere.test` });
      const person = newPerson(verified(victim.email ?? ""));
      expect(accountIdOf(await signIn(person))).to.not.equal(victim.id);
    });

    it("is not offered an account that somebody made with an address that is not theirs", async () => {
      const prepared = await createLocal({ emailVerified: false });
      const result = await signIn(newPerson(verified(prepared.email ?? "")));
      expect(result).to.deep.include({ outcome: "refused", reason: "address_taken" });
    });
  });

  it("links after proof, once; another's identity never", async () => {
    const owner = await createLocal();
    const person = newPerson(verified(owner.email ?? ""));
    expect((await link(owner.id, person)).outcome).to.equal("linked");
    expect(accountIdOf(await signIn(person))).to.equal(owner.id);
    const other = await createLocal();
    expect((await link(other.id, person)).outcome).to.equal("taken");
    await stores().accounts.setDisabled(other.id, true);
    expect((await link(other.id, newPerson())).outcome).to.equal("unavailable");
  });

  it("takes an invitation up, and brings name and address with it", async () => {
    const email = newEmail();
    const invited = await invite(email);
    const stranger = newPerson(verified(newEmail()));
    expect(await signIn(stranger, { accounts: "invited" })).to.deep.include({
      reason: "not_invited",
    });
    const unverified = newPerson({ email, emailVerified: false });
    expect(await signIn(unverified, { accounts: "invited" })).to.deep.include({
      reason: "not_invited",
    });
    const person = newPerson({ ...verified(email), profile: { name: "Ada" } });
    const result = await signIn(person, { accounts: "invited" });
    expect(result).to.deep.include({ outcome: "signed_in", by: "invitation" });
    expect(accountIdOf(result)).to.equal(invited.id);
    expect(await stores().accounts.find(invited.id)).to.deep.include({
      emailVerified: true,
      profile: { name: "Ada" },
    });
    const second = await signIn(newPerson(verified(email)), { accounts: "invited" });
    expect(second.outcome).to.equal("must_prove");
  });

  it("invites anew who did not come in time, and nobody who can sign in", async () => {
    const email = newEmail();
    const invited = await invite(email);
    stores().clock.advance(100);
    const late = await signIn(newPerson(verified(email)), { accounts: "invited" });
    expect(late).to.deep.include({ outcome: "refused", reason: "address_taken" });
    expect((await invite(email)).id).to.equal(invited.id);
    const result = await signIn(newPerson(verified(email)), { accounts: "invited" });
    expect(accountIdOf(result)).to.equal(invited.id);
    expect(await codeOfRejection(invite(email))).to.equal("identifier_taken");
    expect(await codeOfRejection(invite("no address"))).to.equal("invalid_account");
  });

  it("signs one of two in who take up an invitation at once, and asks the other for proof", async () => {
    const email = newEmail();
    await invite(email);
    const results = await Promise.all([1, 2].map(() => signIn(newPerson(verified(email)))));
    expect(results.map(({ outcome }) => outcome).toSorted()).to.deep.equal([
      "must_prove",
      "signed_in",
    ]);
  });

  it("takes a changed profile over only where the operator says so", async () => {
    const email = newEmail();
    const person = newPerson({ ...verified(email), profile: { name: "Ada", locale: "en" } });
    const id = accountIdOf(await signIn(person));
    const next = newEmail();
    const changed = {
      ...person,
      claims: { ...person.claims, ...verified(next), profile: { name: "Ada B." } },
    };
    await signIn(changed);
    expect(await stores().accounts.find(id)).to.deep.include({
      email,
      profile: { name: "Ada", locale: "en" },
    });
    await signIn(changed, { takesOverProfile: true });
    expect(await stores().accounts.find(id)).to.deep.include({
      email: next,
      emailVerified: true,
      profile: { name: "Ada B.", locale: "en" },
    });
  });

  it("takes no address over that is another account's or not believed, and signs in all the same", async () => {
    const other = await createLocal();
    const email = newEmail();
    const person = newPerson(verified(email));
    const id = accountIdOf(await signIn(person));
    for (const claims of [
      verified(other.email ?? ""),
      verified("x@elsewhere.test"),
      { email: newEmail(), emailVerified: false },
    ]) {
      const changed = {
        ...person,
        claims: { ...person.claims, ...claims, profile: { name: claims.email } },
      };
      expect(accountIdOf(await signIn(changed, { takesOverProfile: true }))).to.equal(id);
      expect(await stores().accounts.find(id)).to.deep.include({
        email,
        profile: { name: claims.email },
      });
    }
    expect(warnings).to.not.deep.equal([]);
  });
});
