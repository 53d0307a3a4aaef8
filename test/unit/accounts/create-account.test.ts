import { expect } from "chai";
import type { AccountId } from "../../../src/accounts/account.js";
import {
  createCreateAccount,
  createSetPassword,
  InvalidAccountError,
  type CreateAccountInput,
} from "../../../src/accounts/create-account.js";
import { IdentifierTakenError } from "../../../src/accounts/identifier-taken-error.js";
import { createCheckPassword } from "../../../src/accounts/password-policy.js";
import { createPasswordHasher } from "../../../src/accounts/password-hasher.js";
import { LatchkeyError } from "../../../src/lib/errors.js";
import { createMemoryAccountStore } from "../../support/memory-account-store.js";
import { CHEAP_HASHING } from "./cheap-hashing.js";
import { rejectionOf } from "./rejection-of.js";

const checkPassword = createCheckPassword({
  issuerHost: "login.acme.test",
  minLength: 15,
  isCommon: async () => false,
});
const PASSWORD = "correct horse battery staple";

describe("creating accounts", () => {
  const passwordHasher = createPasswordHasher(CHEAP_HASHING);
  after(() => passwordHasher.close());

  function setUp() {
    const accounts = createMemoryAccountStore();
    const ended: string[] = [];
    const endAccess = async (id: string) => void ended.push(id);
    const deps = { accounts, passwordHasher, checkPassword, endAccess };
    return {
      accounts,
      ended,
      createAccount: createCreateAccount(deps),
      setPassword: createSetPassword(deps),
    };
  }

  async function problemsOf(input: CreateAccountInput): Promise<readonly string[]> {
    const error = await rejectionOf(setUp().createAccount(input));
    expect(error).to.be.instanceOf(InvalidAccountError);
    expect(error).to.include({ code: "invalid_account", status: 400 });
    return (error as InvalidAccountError).problems.map(({ english }) => english);
  }

  it("keeps what was given, under a random id, with a hashed password", async () => {
    const { accounts, createAccount } = setUp();
    const input = {
      username: "Anna",
      email: "anna@acme.test",
      emailVerified: true,
      profile: { name: "Anna Smith" },
      demonstration: true,
    };
    const account = await createAccount({ ...input, password: PASSWORD });
    expect(account).to.include({ ...input, disabled: false });
    expect(account.id).to.match(/^acct_[A-Za-z0-9_-]{22}$/);
    const record = await accounts.findForSignIn("anna");
    expect(record?.passwordHash).to.match(/^\$argon2id\$/);
    expect(await passwordHasher.verify(PASSWORD, record?.passwordHash ?? "")).to.equal(true);
  });

  it("makes an account without address or password", async () => {
    const { accounts, createAccount } = setUp();
    const account = await createAccount({ username: "anna" });
    expect(account).to.include({ email: undefined, emailVerified: false, demonstration: false });
    expect((await accounts.findForSignIn("anna"))?.passwordHash).to.equal(undefined);
  });

  it("gives every account another id", async () => {
    const { createAccount } = setUp();
    const made = await Promise.all(
      Array.from({ length: 100 }, (_, index) => createAccount({ username: `user${index}` })),
    );
    expect(new Set(made.map(({ id }) => id)).size).to.equal(100);
  });

  it("takes user names of 1 to 64 code points in any script, and the own address as one", async () => {
    const { createAccount } = setUp();
    for (const username of ["a", "x".repeat(64), "🦄".repeat(64), "Zoë Müller", "用户"]) {
      expect((await createAccount({ username })).username).to.equal(username);
    }
    const address = { username: "Bob@Acme.test", email: "bob@acme.test" };
    expect((await createAccount(address)).username).to.equal("Bob@Acme.test");
  });

  it("refuses other user names", async () => {
    const refused = [
      "",
      "   ",
      "x".repeat(65),
      "\u{FDFA}".repeat(10),
      " anna",
      "anna\u00a0",
      "an\nna",
      "an\u0000na",
      "an\u001bna",
      "an\u200bna",
      "an\u202ena",
      "an\ud800na",
      "anna@acme.test",
      "anna＠acme.test",
    ];
    for (const username of refused) {
      expect(await problemsOf({ username }), JSON.stringify(username)).not.to.have.length(0);
    }
    const foreign = { username: "bob@acme.test", email: "anna@acme.test" };
    expect(await problemsOf(foreign)).to.have.length(1);
  });

  it("takes addresses as browsers do (HTML standard, valid e-mail address)", async () => {
    const { createAccount } = setUp();
    const valid = ["a@b", "o'hara+tag@sub.acme.test", `${"x".repeat(64)}@acme.test`];
    for (const [index, email] of valid.entries()) {
      expect((await createAccount({ username: `user${index}`, email })).email).to.equal(email);
    }
  });

  it("refuses other addresses, before and after Unicode normalization", async () => {
    const refused = [
      "",
      "anna",
      "@acme.test",
      "anna@",
      "anna@@acme.test",
      "anna@acme..test",
      "anna@-acme.test",
      "anna @acme.test",
      "anna@acme.test\n",
      "anna@acme.test\r\nBcc: x@y.test",
      "anna＠acme.test",
      "ａnna@acme.test",
      `${"x".repeat(65)}@acme.test`,
      `a@${"b.".repeat(150)}test`,
    ];
    for (const email of refused) {
      const problems = await problemsOf({ username: "anna", email });
      expect(problems, JSON.stringify(email)).to.deep.equal(["The e-mail address is not valid."]);
    }
  });

  it("lists all problems at once, and never the password", async () => {
    const { createAccount } = setUp();
    const input = { username: "", email: "nobody", password: "hunter2" };
    const error = await rejectionOf(createAccount(input));
    expect((error as InvalidAccountError).problems).to.have.length(3);
    expect((error as Error).message)
      .to.include("15 characters")
      .and.not.include("hunter2");
  });

  it("checks the password against the account's own names (ASVS 6.2.11)", async () => {
    const password = "anna20262026202";
    expect(await problemsOf({ username: "anna", password })).to.have.length(1);
    expect((await setUp().createAccount({ username: "bob", password })).username).to.equal("bob");
  });

  it("leaves uniqueness to the store", async () => {
    const { createAccount } = setUp();
    await createAccount({ username: "anna" });
    const error = await rejectionOf(createAccount({ username: "ANNA" }));
    expect(error).to.be.instanceOf(IdentifierTakenError);
  });

  describe("setPassword", () => {
    it("replaces the password, and gives one to an account without", async () => {
      const { accounts, createAccount, setPassword } = setUp();
      const { id } = await createAccount({ username: "anna" });
      for (const password of [PASSWORD, "another battery staple"]) {
        await setPassword(id, password);
        const hash = (await accounts.findForSignIn("anna"))?.passwordHash ?? "";
        expect(await passwordHasher.verify(password, hash)).to.equal(true);
      }
    });

    it("applies the policy with the account's own names", async () => {
      const { accounts, createAccount, setPassword } = setUp();
      const { id } = await createAccount({ username: "anna" });
      const error = await rejectionOf(setPassword(id, "anna20262026202"));
      expect(error).to.include({ code: "invalid_account" });
      expect((await accounts.findForSignIn("anna"))?.passwordHash).to.equal(undefined);
    });

    it("says when there is no such account", async () => {
      const error = await rejectionOf(setUp().setPassword("nobody" as AccountId, PASSWORD));
      expect(error).to.be.instanceOf(LatchkeyError).and.include({ code: "account_not_found" });
    });

    it("says so too when the account goes while the password is hashed", async () => {
      const { accounts, createAccount } = setUp();
      const { id } = await createAccount({ username: "anna" });
      const vanishing = { ...accounts, setPasswordHash: async () => false };
      const endAccess = () => Promise.reject(new Error("nothing to end"));
      const deps = { accounts: vanishing, passwordHasher, checkPassword, endAccess };
      const error = await rejectionOf(createSetPassword(deps)(id, PASSWORD));
      expect(error).to.include({ code: "account_not_found", status: 404 });
    });
  });
});
