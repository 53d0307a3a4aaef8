import { randomBytes, randomUUID } from "node:crypto";
import { expect } from "chai";
import { toAccountId, type AccountId } from "../../../src/accounts/account.js";
import { createEnrolPasskey } from "../../../src/accounts/enrol-passkey.js";
import { normalizePasskeyName } from "../../../src/accounts/passkey.js";
import {
  passkeyCreationOptions,
  passkeyRequestOptions,
} from "../../../src/accounts/passkey-options.js";
import { createPasskeySignIn } from "../../../src/accounts/passkey-sign-in.js";
import { createMemoryAccountStore } from "../../support/memory-account-store.js";
import { createMemoryPasskeyStore } from "../../support/memory-passkey-store.js";
import {
  createSoftwareAuthenticator,
  type AuthenticatorTraits,
  type CeremonyLies,
  type SoftwareAuthenticator,
} from "../../support/software-authenticator.js";
import { createMovableClock } from "../../support/stores.js";

const ORIGIN = "https://login.example.com";
const RP_ID = "login.example.com";

describe("passkeys (Web Authentication Level 3 §7)", () => {
  const clock = createMovableClock();
  const accounts = createMemoryAccountStore(clock);
  const passkeys = createMemoryPasskeyStore(clock);
  const enrolPasskey = createEnrolPasskey({ passkeys });
  const signInWith = createPasskeySignIn({ passkeys, accounts, clock });

  const newChallenge = () => randomBytes(32).toString("base64url");
  const expectedOf = (challenge: string) => ({ challenge, origin: ORIGIN, rpId: RP_ID });

  async function newAccount(): Promise<AccountId> {
    const { id } = await accounts.create({
      id: toAccountId(`acct_${randomUUID()}`),
      username: randomUUID(),
      email: undefined,
      emailVerified: false,
      profile: {},
      demonstration: false,
      passwordHash: undefined,
    });
    return id;
  }

  async function enrol(
    id: AccountId,
    authenticator: SoftwareAuthenticator,
    lies: CeremonyLies & { readonly origin?: string } = {},
  ) {
    const challenge = newChallenge();
    const known = await passkeys.listOfAccount(id);
    const userHandle = known[0]?.userHandle ?? newChallenge();
    const options = passkeyCreationOptions({
      challenge,
      rp: { id: RP_ID, name: "Example" },
      userHandle,
      user: { name: "ada@example.com", displayName: "Ada" },
      passkeys: known,
    });
    const credential = authenticator.create(options, lies.origin ?? ORIGIN, lies);
    const expected = expectedOf(challenge);
    return enrolPasskey(id, { credential, expected, userHandle, deviceName: "Firefox on Linux" });
  }

  async function signIn(
    authenticator: SoftwareAuthenticator,
    lies: CeremonyLies & { readonly origin?: string; readonly accountId?: AccountId } = {},
  ) {
    const challenge = newChallenge();
    const options = passkeyRequestOptions(challenge, RP_ID);
    const credential = authenticator.get(options, lies.origin ?? ORIGIN, lies);
    return signInWith({ credential, expected: expectedOf(challenge), accountId: lies.accountId });
  }

  async function enrolled(traits: AuthenticatorTraits = {}) {
    const id = await newAccount();
    const authenticator = createSoftwareAuthenticator(traits);
    expect(await enrol(id, authenticator)).to.deep.include({ outcome: "enrolled" });
    return { id, authenticator };
  }

  const reasonOf = (result: object) => ("reason" in result ? result.reason : result);

  it("signs in with each algorithm that is offered, as the account and with true methods (RFC 8176)", async () => {
    for (const algorithm of [-7, -8, -257] as const) {
      for (const synced of [true, false]) {
        const { id, authenticator } = await enrolled({ algorithm, synced });
        const result = await signIn(authenticator);
        expect(result.outcome).to.equal("signed_in");
        if (result.outcome !== "signed_in") return;
        expect(result.account.id).to.equal(id);
        expect(result.amr).to.deep.equal([synced ? "swk" : "hwk", "user", "mfa"]);
        const [passkey] = await passkeys.listOfAccount(id);
        expect(passkey).to.deep.include({ isSynced: synced, isBackedUp: synced });
      }
    }
  });

  it("names a passkey after its make, else after the device, and tells two of one name apart", async () => {
    const id = await newAccount();
    const aaguid = "bada5566-a7aa-401f-bd96-45619a55120d";
    for (const traits of [{ aaguid }, {}, {}]) await enrol(id, createSoftwareAuthenticator(traits));
    const names = (await passkeys.listOfAccount(id)).map(({ name }) => name);
    expect(names).to.deep.equal(["1Password", "Firefox on Linux", "Firefox on Linux 2"]);
  });

  it("keeps a name on one line, without what does not print, and not too long", () => {
    expect(normalizePasskeyName("  My\tlaptop\n\u202e ")).to.equal("My laptop");
    expect(normalizePasskeyName("\u0000\u200b ")).to.equal(undefined);
    expect(Array.from(normalizePasskeyName("🔑".repeat(99)) ?? "")).to.have.length(60);
  });

  const ENROLMENT_LIES: Record<string, CeremonyLies & { origin?: string }> = {
    "at another origin": { origin: "https://login.example.com.evil.example" },
    "at another port of the host": { origin: "https://login.example.com:8443" },
    "for another RP ID": { rpId: "example.com" },
    "for another challenge": { challenge: newChallenge() },
    "that is a sign-in": { type: "webauthn.get" },
    "without verification of the person": { verified: false },
    "without presence of the person": { present: false },
    "in a page of somebody else": { crossOrigin: true },
    "with certificates that nobody asked for": {
      attestation: { format: "packed", statement: new Map([["x5c", [Buffer.from("cert")]]]) },
    },
    "of a make that is to be believed": {
      attestation: { format: "tpm", statement: new Map([["ver", "2.0"]]) },
    },
  };
  for (const [what, lies] of Object.entries(ENROLMENT_LIES)) {
    it(`refuses a new passkey ${what}`, async () => {
      const id = await newAccount();
      const result = await enrol(id, createSoftwareAuthenticator(), lies);
      expect(reasonOf(result)).to.be.oneOf(["passkey_not_verified", "malformed_passkey"]);
      expect(await passkeys.listOfAccount(id)).to.deep.equal([]);
    });
  }

  it("refuses a new passkey that is not discoverable, is there already, or is one too many", async () => {
    const id = await newAccount();
    const authenticator = createSoftwareAuthenticator();
    const hidden = await enrol(id, authenticator, { isDiscoverable: false });
    expect(reasonOf(hidden)).to.equal("not_discoverable");
    const credentialId = randomBytes(16);
    await enrol(id, authenticator, { credentialId });
    const other = await newAccount();
    expect(reasonOf(await enrol(other, authenticator, { credentialId }))).to.equal("passkey_taken");
    for (let count = 1; count < 20; count++) await enrol(id, authenticator);
    expect(reasonOf(await enrol(id, authenticator))).to.equal("too_many_passkeys");
  });

  const SIGN_IN_LIES: Record<string, CeremonyLies & { origin?: string }> = {
    "at another origin": { origin: "http://login.example.com" },
    "for another RP ID": { rpId: "evil.example" },
    "for another challenge": { challenge: newChallenge() },
    "that makes a passkey": { type: "webauthn.create" },
    "without verification of the person": { verified: false },
    "without presence of the person": { present: false },
    "in a page of somebody else": { crossOrigin: true },
    "for another user handle": { userHandle: newChallenge() },
    "without a user handle": { userHandle: null },
    "with a credential that nobody has": { credentialId: randomBytes(16) },
  };
  for (const [what, lies] of Object.entries(SIGN_IN_LIES)) {
    it(`refuses a sign-in ${what}`, async () => {
      const { authenticator } = await enrolled();
      expect((await signIn(authenticator, lies)).outcome).to.equal("refused");
      expect((await signIn(authenticator)).outcome).to.equal("signed_in");
    });
  }

  it("refuses one passkey's signature under another's id, even of the same account", async () => {
    const { id, authenticator } = await enrolled();
    const other = createSoftwareAuthenticator();
    await enrol(id, other);
    const credentialId = authenticator.keys[0]?.credentialId;
    if (credentialId === undefined) throw new Error("no key");
    const result = await signIn(other, { credentialId });
    expect(reasonOf(result)).to.equal("passkey_not_verified");
  });

  it("refuses a counter that did not grow: the authenticator may be copied", async () => {
    const { authenticator } = await enrolled({ counts: true });
    expect((await signIn(authenticator, { counter: 10 })).outcome).to.equal("signed_in");
    for (const counter of [10, 9, 0]) {
      expect(reasonOf(await signIn(authenticator, { counter }))).to.equal("counter_not_grown");
    }
    expect((await signIn(authenticator, { counter: 11 })).outcome).to.equal("signed_in");
  });

  it("lets one account prove itself and no other, also without a user handle", async () => {
    const one = await enrolled();
    const two = await enrolled();
    const { authenticator } = one;
    const own = await signIn(authenticator, { accountId: one.id, userHandle: null });
    expect(own.outcome).to.equal("signed_in");
    const others = await signIn(authenticator, { accountId: two.id });
    expect(reasonOf(others)).to.equal("other_account");
  });

  it("refuses a disabled account", async () => {
    const { id, authenticator } = await enrolled();
    await accounts.setDisabled(id, true);
    expect(reasonOf(await signIn(authenticator))).to.equal("disabled");
  });

  it("refuses what no browser sends", async () => {
    const expected = expectedOf(newChallenge());
    const id = "AAAA";
    const shaped = { id, rawId: id, type: "public-key", response: {} };
    for (const credential of [
      "",
      "null",
      "[]",
      "{",
      JSON.stringify({ ...shaped, id: "A A" }),
      JSON.stringify({ ...shaped, rawId: "BBBB" }),
      JSON.stringify({ ...shaped, type: "password" }),
      JSON.stringify({ ...shaped, id: "A".repeat(2000), rawId: "A".repeat(2000) }),
    ]) {
      const result = await signInWith({ credential, expected });
      expect(reasonOf(result), credential.slice(0, 40)).to.equal("malformed_passkey");
    }
    const unknown = await signInWith({ credential: JSON.stringify(shaped), expected });
    expect(reasonOf(unknown)).to.equal("unknown_passkey");
    const posted = { expected, userHandle: "", deviceName: "" };
    const empty = await enrolPasskey(await newAccount(), {
      ...posted,
      credential: JSON.stringify(shaped),
    });
    expect(reasonOf(empty)).to.equal("passkey_not_verified");
  });
});
