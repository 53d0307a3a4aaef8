import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { expect } from "chai";
import type { AccountId } from "../../src/accounts/account.js";
import type { NewAccount } from "../../src/accounts/account-store.js";
import { IdentifierTakenError } from "../../src/accounts/identifier-taken-error.js";
import { describeKeptAndNot } from "../support/stores.js";
import { codeOfRejection, rejectionOf } from "../support/stores-rejection.js";

function newAccount(changes: Partial<NewAccount> = {}): NewAccount {
  const id = randomUUID();
  return {
    id: `acct_${id}` as AccountId,
    username: `user-${id}`,
    email: undefined,
    emailVerified: false,
    profile: {},
    demonstration: false,
    passwordHash: undefined,
    ...changes,
  };
}

describeKeptAndNot("AccountStore", (stores) => {
  const accounts = () => stores().accounts;

  it("gives back the account that was created, with the times of its creation", async () => {
    const { passwordHash, ...data } = newAccount({
      username: "First Person",
      email: "First@Example.com",
      emailVerified: true,
      profile: { name: "First", phone_number_verified: false, address: { country: "GB" } },
      terms: { version: "2026-11-01", acceptedAtSeconds: 1_795_371_951 },
      passwordHash: "$argon2id$first",
    });
    const now = stores().clock.nowSeconds();
    const expected = { ...data, disabled: false, createdAtSeconds: now, updatedAtSeconds: now };
    expect(await accounts().create({ ...data, passwordHash })).to.deep.equal(expected);
    expect(await accounts().find(data.id)).to.deep.equal(expected);
    const record = await accounts().findForSignIn("First Person");
    expect(record).to.deep.equal({ account: expected, passwordHash });
  });

  it("gives nothing for an account that is not there, nor for NUL", async () => {
    expect(await accounts().find("acct_none" as AccountId)).to.equal(undefined);
    expect(await accounts().find("\0" as AccountId)).to.equal(undefined);
    expect(await accounts().findForSignIn("nobody")).to.equal(undefined);
    expect(await accounts().findForSignIn("no\0body")).to.equal(undefined);
    expect(await accounts().findForSignIn("' or 1=1 --")).to.equal(undefined);
  });

  it("finds an account without password, address or names", async () => {
    const created = await accounts().create(newAccount());
    const record = await accounts().findForSignIn(created.username);
    expect(record).to.deep.equal({ account: created, passwordHash: undefined });
  });

  it("signs in by user name or address in any spelling", async () => {
    const id = randomUUID();
    const created = await accounts().create(
      newAccount({ username: `Ärger-${id}`, email: `Some.One+${id}@Example.COM` }),
    );
    const spellings = [
      `ärger-${id}`,
      `  ÄRGER-${id} `,
      `A\u0308rger-${id}`,
      `\uff21\u0308rger-${id}`,
      `some.one+${id}@example.com`,
      `SOME.ONE+${id}@EXAMPLE.COM`,
    ];
    for (const spelling of spellings) {
      expect((await accounts().findForSignIn(spelling))?.account).to.deep.equal(created);
    }
  });

  it("refuses a user name or address that is taken, in any spelling and across both", async () => {
    const id = randomUUID();
    const taken = { username: `Name-${id}`, email: `name-${id}@example.com` };
    await accounts().create(newAccount(taken));
    const attempts: [Partial<NewAccount>, string][] = [
      [{ username: ` NAME-${id}` }, ` NAME-${id}`],
      [{ email: `NAME-${id}@example.com` }, `NAME-${id}@example.com`],
      [{ username: `Name-${id}@Example.com` }, `Name-${id}@Example.com`],
      [{ email: `name-${id}` }, `name-${id}`],
    ];
    for (const [changes, identifier] of attempts) {
      const account = newAccount({ ...changes, passwordHash: "$argon2id$x" });
      const err = await rejectionOf(accounts().create(account));
      expect(err).to.be.instanceOf(IdentifierTakenError);
      expect(err).to.have.property("message").that.includes(`"${identifier}"`);
      expect(await accounts().find(account.id)).to.equal(undefined);
      expect(await accounts().setPasswordHash(account.id, "$argon2id$y")).to.equal(false);
    }
  });

  it("frees no name and takes none when a creation fails", async () => {
    const id = randomUUID();
    await accounts().create(newAccount({ username: `first-${id}` }));
    const failing = newAccount({ username: `second-${id}`, email: `first-${id}` });
    expect(await codeOfRejection(accounts().create(failing))).to.equal("identifier_taken");
    await accounts().create(newAccount({ username: `second-${id}` }));
  });

  it("allows an address as the user name of its own account", async () => {
    const address = `own-${randomUUID()}@example.com`;
    const created = await accounts().create(newAccount({ username: address, email: address }));
    expect((await accounts().findForSignIn(address))?.account).to.deep.equal(created);
  });

  it("lets one of many concurrent accounts with one name in different spellings be created", async () => {
    for (let round = 0; round < 10; round++) {
      const id = randomUUID();
      const spellings = [`n-${id}`, `N-${id}`, ` n-${id}`, `\uff4e-${id}`, `n-${id} `];
      const attempts = [...spellings, ...spellings].map((username, index) =>
        accounts().create(
          // Every other one claims it as its address, after a name of its own.
          newAccount(index % 2 === 0 ? { username } : { email: username }),
        ),
      );
      const results = await Promise.allSettled(attempts);
      const refused = results.filter((result) => result.status === "rejected");
      expect(results.length - refused.length).to.equal(1);
      for (const { reason } of refused) expect(reason).to.be.instanceOf(IdentifierTakenError);
    }
  });

  it("lets neither of two accounts wait for the other whose names cross", async () => {
    for (let round = 0; round < 20; round++) {
      const pairs = Array.from({ length: 5 }, () => [`a-${randomUUID()}`, `b-${randomUUID()}`]);
      const results = await Promise.allSettled(
        pairs.flatMap(([username = "", email = ""]) => [
          accounts().create(newAccount({ username, email })),
          accounts().create(newAccount({ username: email, email: username })),
        ]),
      );
      const refused = results.filter((result) => result.status === "rejected");
      const codes = refused.map(({ reason }) => reason.code);
      expect(codes).to.deep.equal(pairs.map(() => "identifier_taken"));
    }
  });

  it("does not tell the values of a row that the database refuses", async () => {
    const account = newAccount({
      email: `private-${randomUUID()}@example.com`,
      passwordHash: "$hash$",
    });
    await accounts().create(account);
    const again = { ...account, username: `x-${randomUUID()}`, email: undefined };
    const err = await rejectionOf(accounts().create(again));
    expect(err).to.be.instanceOf(Error).and.not.instanceOf(IdentifierTakenError);
    expect(inspect(err, { depth: 9 }))
      .not.to.include(again.username)
      .and.not.to.include(account.id);
  });

  describe("list", () => {
    it("pages through all accounts by creation, then id, each once", async () => {
      const created: string[] = [];
      for (let index = 0; index < 7; index++) {
        if (index % 3 === 0) stores().clock.advance(1);
        created.push((await accounts().create(newAccount())).id);
      }
      const seen: AccountId[] = [];
      for (;;) {
        const after = seen.at(-1);
        const page = await accounts().list({ limit: 3, ...(after === undefined ? {} : { after }) });
        if (page.length === 0) break;
        expect(page.length).to.be.at.most(3);
        seen.push(...page.map(({ id }) => id));
      }
      expect(new Set(seen).size).to.equal(seen.length);
      const expected = [
        ...created.slice(0, 3).toSorted(),
        ...created.slice(3, 6).toSorted(),
        ...created.slice(6),
      ];
      expect(seen.slice(-7)).to.deep.equal(expected);
    });
  });

  describe("setDisabled", () => {
    it("changes the account, and tells when there is none", async () => {
      const { id, createdAtSeconds } = await accounts().create(newAccount());
      stores().clock.advance(10);
      expect(await accounts().setDisabled(id, true)).to.equal(true);
      const updatedAtSeconds = createdAtSeconds + 10;
      const disabled = await accounts().find(id);
      expect(disabled).to.include({ disabled: true, createdAtSeconds, updatedAtSeconds });
      expect(await accounts().setDisabled(id, false)).to.equal(true);
      expect(await accounts().find(id)).to.include({ disabled: false });
      expect(await accounts().setDisabled("acct_none" as AccountId, true)).to.equal(false);
    });
  });

  describe("password hashes", () => {
    it("are set whether there was one or not, and not without an account", async () => {
      const { id, username } = await accounts().create(newAccount());
      for (const hash of ["$first", "$second"]) {
        expect(await accounts().setPasswordHash(id, hash)).to.equal(true);
        expect(await accounts().findForSignIn(username)).to.include({ passwordHash: hash });
      }
      expect(await accounts().setPasswordHash("acct_none" as AccountId, "$x")).to.equal(false);
    });

    it("are replaced only while they are the expected one", async () => {
      const { id, username } = await accounts().create(newAccount({ passwordHash: "$old" }));
      expect(await accounts().replacePasswordHash(id, "$other", "$new")).to.equal(false);
      expect(await accounts().findForSignIn(username)).to.include({ passwordHash: "$old" });
      expect(await accounts().replacePasswordHash(id, "$old", "$new")).to.equal(true);
      expect(await accounts().findForSignIn(username)).to.include({ passwordHash: "$new" });
    });

    it("are replaced once by concurrent callers that expect the same", async () => {
      const { id } = await accounts().create(newAccount({ passwordHash: "$old" }));
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          accounts().replacePasswordHash(id, "$old", `$new-${index}`),
        ),
      );
      expect(results.filter(Boolean)).to.have.length(1);
    });
  });

  describe("a confirmed address", () => {
    const withEmail = (email: string | undefined, changes: Partial<NewAccount> = {}) =>
      accounts().create(newAccount({ email, ...changes }));
    const newEmail = () => `${randomUUID()}@example.org`;

    it("replaces the one expected, in every way that it is found by", async () => {
      const [from, to] = [newEmail(), newEmail()];
      const { id, username } = await withEmail(from);
      expect(await accounts().replaceEmail(id, { from, to })).to.equal(true);
      expect(await accounts().find(id)).to.include({ username, email: to, emailVerified: true });
      expect(await accounts().findForSignIn(from)).to.equal(undefined);
      for (const name of [to.toUpperCase(), username]) {
        expect((await accounts().findForSignIn(name))?.account.id).to.equal(id);
      }
      expect(await accounts().replaceEmail(id, { from, to: newEmail() })).to.equal(false);
      const { id: without } = await withEmail(undefined);
      expect(await accounts().replaceEmail(without, { from: undefined, to: from })).to.equal(true);
      const nobody = "acct_none" as AccountId;
      expect(await accounts().replaceEmail(nobody, { from, to })).to.equal(false);
    });

    it("takes a user name along that is the address, and leaves any other", async () => {
      const [from, to] = [newEmail(), newEmail()];
      const { id } = await withEmail(from, { username: from });
      await accounts().replaceEmail(id, { from, to });
      expect(await accounts().find(id)).to.include({ username: to, email: to });
      expect(await accounts().findForSignIn(from)).to.equal(undefined);
    });

    it("is the same address, confirmed", async () => {
      const email = newEmail();
      const { id } = await withEmail(email);
      expect(await accounts().replaceEmail(id, { from: email, to: email })).to.equal(true);
      expect(await accounts().find(id)).to.include({ email, emailVerified: true });
      expect((await accounts().findForSignIn(email))?.account.id).to.equal(id);
    });

    it("goes to one of many accounts that want it at once, and changes nothing for the others", async () => {
      const to = newEmail();
      const before = await Promise.all(Array.from({ length: 10 }, () => withEmail(newEmail())));
      const outcomes = await Promise.all(
        before.map(({ id, email: from }) =>
          accounts()
            .replaceEmail(id, { from, to })
            .catch((err: unknown) => err instanceof IdentifierTakenError && "taken"),
        ),
      );
      expect(outcomes.filter((outcome) => outcome === true)).to.have.length(1);
      expect(outcomes.filter((outcome) => outcome === "taken")).to.have.length(9);
      for (const [index, account] of before.entries()) {
        if (outcomes[index] === true) continue;
        expect(await accounts().find(account.id)).to.deep.equal(account);
        const found = await accounts().findForSignIn(account.email ?? "");
        expect(found?.account.id).to.equal(account.id);
      }
    });

    it("is one of many that one account is to have at once", async () => {
      const from = newEmail();
      const { id } = await withEmail(from);
      const wanted = Array.from({ length: 10 }, newEmail);
      const outcomes = await Promise.all(
        wanted.map((to) => accounts().replaceEmail(id, { from, to })),
      );
      expect(outcomes.filter(Boolean)).to.have.length(1);
      const won = wanted[outcomes.indexOf(true)] ?? "";
      expect((await accounts().findForSignIn(won))?.account.id).to.equal(id);
    });
  });

  describe("demonstration accounts", () => {
    it("are counted and deleted with all that is theirs, and no other account", async () => {
      const kept = await accounts().create(newAccount({ passwordHash: "$kept" }));
      const clientId = randomUUID();
      await stores().clients.saveRegistration(clientId, {}, undefined);
      const made = newAccount({ demonstration: true, passwordHash: "$demo" });
      await accounts().create(made);
      const other = newAccount({ demonstration: true });
      await accounts().create(other);
      const consent = {
        scopes: new Set(["openid"]),
        claims: new Set<string>(),
        resourceScopes: new Map(),
      };
      await stores().consents.add(made.id, clientId, consent);

      expect(await accounts().listDemonstration()).to.have.members([made.id, other.id]);
      expect(await accounts().deleteDemonstration()).to.equal(2);
      expect(await accounts().listDemonstration()).to.deep.equal([]);
      expect(await accounts().find(made.id)).to.equal(undefined);
      expect((await stores().consents.find(made.id, clientId)).scopes.size).to.equal(0);
      expect(await accounts().findForSignIn(kept.username)).to.include({ passwordHash: "$kept" });
      // Its name is free again.
      await accounts().create(newAccount({ username: made.username }));
    });
  });
});
