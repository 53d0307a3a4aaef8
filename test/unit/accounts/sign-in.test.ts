import { expect } from "chai";
import { createAttemptLimits } from "../../../src/accounts/attempt-limits.js";
import {
  createAttemptRules,
  DEFAULT_ATTEMPT_SETTINGS,
} from "../../../src/accounts/attempt-rules.js";
import { createCreateAccount } from "../../../src/accounts/create-account.js";
import {
  createPasswordHasher,
  type PasswordHasher,
} from "../../../src/accounts/password-hasher.js";
import { PasswordHashingOverloadedError } from "../../../src/accounts/password-hashing-overloaded-error.js";
import { createSignIn } from "../../../src/accounts/sign-in.js";
import { createMac } from "../../../src/lib/seal.js";
import { createMemoryAttemptStore } from "../../../src/storage/memory-attempt-store.js";
import { createMemoryAccountStore } from "../../support/memory-account-store.js";
import { CHEAP_HASHING } from "./cheap-hashing.js";
import { rejectionOf } from "./rejection-of.js";

const PASSWORD = "correct horse battery staple";
const from = { ip: "203.0.113.7" };
const clock = { nowMs: () => 5000, nowSeconds: () => 5 };
const NEW_PASSWORD = "another battery staple";

describe("signIn", () => {
  const oldHasher = createPasswordHasher(CHEAP_HASHING);
  const hasher = createPasswordHasher({ ...CHEAP_HASHING, iterations: 2 });
  after(() => Promise.all([oldHasher.close(), hasher.close()]));

  /** Three accounts with hashes of `madeBy`; `passwordHasher` is what signs in, and is counted. */
  async function setUp({ madeBy = hasher, passwordHasher = hasher } = {}) {
    const accounts = createMemoryAccountStore();
    const deps = { accounts, passwordHasher: madeBy, checkPassword: async () => [] };
    const createAccount = createCreateAccount(deps);
    const anna = await createAccount({
      username: "Anna",
      email: "Anna.Smith@acme.test",
      password: PASSWORD,
    });
    const disabled = await createAccount({ username: "disabled", password: PASSWORD });
    await accounts.setDisabled(disabled.id, true);
    await createAccount({ username: "federated" });

    const calls: string[] = [];
    const counted: PasswordHasher = {
      ...passwordHasher,
      hash: (password) => (calls.push("hash"), passwordHasher.hash(password)),
      verify: (password, phc) => (calls.push("verify"), passwordHasher.verify(password, phc)),
      verifyNothing: (password) => (
        calls.push("verifyNothing"),
        passwordHasher.verifyNothing(password)
      ),
    };
    const logged: unknown[][] = [];
    const logger = { error: (...entry: unknown[]) => void logged.push(entry) };
    const signIn = createSignIn({
      accounts,
      passwordHasher: counted,
      attempts: createAttemptLimits({
        store: createMemoryAttemptStore(clock),
        rules: createAttemptRules(DEFAULT_ATTEMPT_SETTINGS),
        mac: createMac("a secret", "attempts"),
        audit: () => {},
      }),
      logger,
      clock,
    });
    const hashOf = async (username: string) =>
      (await accounts.findForSignIn(username))?.passwordHash ?? "";
    return { accounts, anna, signIn, calls, logged, hashOf };
  }

  it("signs in by user name or address in any spelling, with the method (RFC 8176 pwd)", async () => {
    const { signIn, anna } = await setUp();
    for (const identifier of ["Anna", "anna", " ANNA ", "ａｎｎａ", "anna.smith@ACME.test"]) {
      const result = await signIn({ identifier, password: PASSWORD, from });
      expect(result).to.deep.equal({
        outcome: "signed_in",
        account: anna,
        amr: ["pwd"],
        signedInAtSeconds: 5,
      });
    }
  });

  const refusals = [
    { identifier: "nobody", password: PASSWORD, reason: "unknown_account", work: "verifyNothing" },
    { identifier: "anna", password: "wrong", reason: "wrong_password", work: "verify" },
    { identifier: "anna", password: "", reason: "wrong_password", work: "verify" },
    { identifier: "disabled", password: PASSWORD, reason: "disabled", work: "verify" },
    { identifier: "disabled", password: "wrong", reason: "wrong_password", work: "verify" },
    { identifier: "federated", password: PASSWORD, reason: "no_password", work: "verifyNothing" },
    { identifier: "federated", password: "", reason: "no_password", work: "verifyNothing" },
  ];
  for (const { identifier, password, reason, work } of refusals) {
    it(`refuses ${identifier} with "${password}" as ${reason} after one verification (ASVS 6.3.8)`, async () => {
      // Old hashes, so that a new one would show: only who signed in gets one.
      const { signIn, calls, logged } = await setUp({ madeBy: oldHasher });
      const result = await signIn({ identifier, password, from });
      expect(result).to.include({ outcome: "refused", reason, retryAfterSeconds: undefined });
      expect(calls).to.deep.equal([work]);
      expect(logged).to.deep.equal([]);
    });
  }

  it("renews the hash when parameters changed, once (ASVS 11.4.2)", async () => {
    const { signIn, calls, hashOf } = await setUp({ madeBy: oldHasher });
    expect(hasher.needsRehash(await hashOf("anna"))).to.equal(true);
    await signIn({ identifier: "anna", password: PASSWORD, from });
    expect(hasher.needsRehash(await hashOf("anna"))).to.equal(false);
    const result = await signIn({ identifier: "anna", password: PASSWORD, from });
    expect(result.outcome).to.equal("signed_in");
    expect(calls).to.deep.equal(["verify", "hash", "verify"]);
  });

  it("does not undo a password change made while the hash is renewed", async () => {
    const changed = await hasher.hash(NEW_PASSWORD);
    let changePassword = async () => {};
    const slow: PasswordHasher = {
      ...hasher,
      async hash(password) {
        await changePassword();
        return hasher.hash(password);
      },
    };
    const { accounts, anna, signIn, hashOf, logged } = await setUp({
      madeBy: oldHasher,
      passwordHasher: slow,
    });
    changePassword = async () => void (await accounts.setPasswordHash(anna.id, changed));
    const result = await signIn({ identifier: "anna", password: PASSWORD, from });
    expect(result.outcome).to.equal("signed_in");
    expect(await hashOf("anna")).to.equal(changed);
    expect(logged).to.deep.equal([]);
  });

  it("signs in and logs when the hash cannot be renewed, without password or hash", async () => {
    const failing: PasswordHasher = {
      ...hasher,
      hash: async () => {
        throw new PasswordHashingOverloadedError();
      },
    };
    const { signIn, hashOf, logged, anna } = await setUp({
      madeBy: oldHasher,
      passwordHasher: failing,
    });
    const before = await hashOf("anna");
    const result = await signIn({ identifier: "anna", password: PASSWORD, from });
    expect(result.outcome).to.equal("signed_in");
    expect(await hashOf("anna")).to.equal(before);
    expect(logged).to.have.length(1);
    expect(logged[0]?.[0]).to.include({ accountId: anna.id });
    expect(JSON.stringify(logged)).not.to.include(PASSWORD).and.not.to.include("$argon2");
  });

  it("is neither a success nor a refusal when too many are signing in", async () => {
    const overloaded: PasswordHasher = {
      ...hasher,
      verify: async () => {
        throw new PasswordHashingOverloadedError();
      },
    };
    const { signIn } = await setUp({ passwordHasher: overloaded });
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const error = await rejectionOf(signIn({ identifier: "anna", password: PASSWORD, from }));
      expect(error).to.be.instanceOf(PasswordHashingOverloadedError);
    }
  });

  for (const identifier of ["anna", "nobody"]) {
    it(`verifies nothing after five wrong passwords for ${identifier}, however it is spelled (ASVS 6.3.1)`, async () => {
      const { signIn, calls } = await setUp();
      for (let attempt = 0; attempt < 5; attempt += 1) {
        await signIn({ identifier, password: "wrong", from });
      }
      for (const spelled of [identifier, ` ${identifier.toUpperCase()}`]) {
        expect(await signIn({ identifier: spelled, password: PASSWORD, from })).to.include({
          outcome: "refused",
          reason: "too_many_attempts",
          retryAfterSeconds: 60,
        });
      }
      expect(calls).to.have.length(5);
    });
  }

  it("tells by no wait that two names are of one account (ASVS 6.3.8)", async () => {
    const { signIn } = await setUp();
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await signIn({ identifier: "anna", password: "wrong", from });
    }
    const other = { identifier: "anna.smith@acme.test", password: "wrong", from };
    expect(await signIn(other)).to.include({ reason: "wrong_password" });
  });

  it("counts names of one account together over all networks", async () => {
    const { signIn, calls } = await setUp();
    const names = ["anna", "anna.smith@acme.test"];
    for (let attempt = 0; attempt < 40; attempt += 1) {
      const identifier = names[attempt % 2] ?? "";
      await signIn({ identifier, password: "wrong", from: { ip: `203.0.113.${attempt}` } });
    }
    expect(calls).to.have.length(20);
  });

  it("does not make a device wait that signed in before (ASVS 6.1.1)", async () => {
    const { signIn, anna } = await setUp();
    for (let attempt = 0; attempt < 40; attempt += 1) {
      const stranger = { ip: `203.0.113.${attempt}` };
      await signIn({ identifier: "anna", password: "wrong", from: stranger });
    }
    const known = { ip: "203.0.113.1", findDevice: async () => "her laptop" };
    expect(await signIn({ identifier: "anna", password: PASSWORD, from: known })).to.include({
      outcome: "signed_in",
      account: anna,
    });
    const stranger = { ip: "203.0.113.99" };
    expect(await signIn({ identifier: "anna", password: PASSWORD, from: stranger })).to.include({
      reason: "too_many_attempts",
    });
  });
});
