import { expect } from "chai";
import type { Account, AccountId } from "../../../src/accounts/account.js";
import {
  believedEmail,
  chooseUsername,
  decideFederatedSignIn,
  type FederatedSignInFacts,
} from "../../../src/accounts/decide-federated-sign-in.js";
import type { UpstreamPerson, UpstreamRules } from "../../../src/accounts/federated-identity.js";

type Claims = UpstreamPerson["claims"];

const RULES: UpstreamRules = {
  id: "corp",
  accounts: "create",
  allowedDomains: [],
  emailAuthoritativeFor: ["acme.test"],
  takesOverProfile: false,
};

const VERIFIED = { email: "ada@acme.test", emailVerified: true };

function person(claims: Partial<Claims> = {}): UpstreamPerson {
  const none = { email: undefined, emailVerified: false, username: undefined, profile: {} };
  return { issuer: "https://idp.test", subject: "1", claims: { ...none, ...claims } };
}

function account(changes: Partial<Account> = {}): Account {
  return {
    id: "acct_ada" as AccountId,
    username: "ada",
    email: "ada@acme.test",
    emailVerified: true,
    profile: {},
    disabled: false,
    demonstration: false,
    createdAtSeconds: 1,
    updatedAtSeconds: 1,
    ...changes,
  };
}

const ADA = account();
const DISABLED = account({ disabled: true });
const UNVERIFIED = account({ emailVerified: false });

/** What is known, and what follows: the outcome, or the reason of a refusal. */
const TABLE: readonly (readonly [
  string,
  Partial<Omit<FederatedSignInFacts, "rules" | "person">> & {
    readonly rules?: Partial<UpstreamRules>;
    readonly claims?: Partial<Claims>;
  },
  string,
])[] = [
  ["signs in whom the identity belongs to", { linked: ADA }, "sign_in"],
  [
    "signs in whom the identity belongs to, whoever has its address by now (ASVS 6.8.1)",
    { linked: account({ id: "acct_b" as AccountId }), claims: VERIFIED },
    "sign_in",
  ],
  [
    "signs in linked people where only linked ones may",
    { linked: ADA, rules: { accounts: "link" } },
    "sign_in",
  ],
  ["refuses a disabled account", { linked: DISABLED }, "account_disabled"],
  ["makes an account of somebody unknown", {}, "create"],
  ["makes none where only linked accounts sign in", { rules: { accounts: "link" } }, "not_linked"],
  [
    "makes none where only invited people sign in",
    { rules: { accounts: "invited" } },
    "not_invited",
  ],
  [
    "asks for proof of an account with the same verified address",
    { holder: { account: ADA, hasWayIn: true, isInvited: false }, claims: VERIFIED },
    "must_prove",
  ],
  [
    "asks for proof where only linked accounts sign in, too",
    {
      holder: { account: ADA, hasWayIn: true, isInvited: false },
      claims: VERIFIED,
      rules: { accounts: "link" },
    },
    "must_prove",
  ],
  [
    "offers no account whose own address was never verified: somebody may wait there for a victim",
    { holder: { account: UNVERIFIED, hasWayIn: true, isInvited: false }, claims: VERIFIED },
    "address_taken",
  ],
  [
    "offers no disabled account, and does not tell that it is",
    { holder: { account: DISABLED, hasWayIn: true, isInvited: false }, claims: VERIFIED },
    "address_taken",
  ],
  [
    "offers no account that nobody can sign in to",
    { holder: { account: ADA, hasWayIn: false, isInvited: false }, claims: VERIFIED },
    "address_taken",
  ],
  [
    "lets the invited person take up the account, where only invited people sign in",
    {
      holder: { account: UNVERIFIED, hasWayIn: false, isInvited: true },
      claims: VERIFIED,
      rules: { accounts: "invited" },
    },
    "claim",
  ],
  [
    "takes up no invitation of a disabled account",
    {
      holder: { account: account({ disabled: true }), hasWayIn: false, isInvited: true },
      claims: VERIFIED,
    },
    "address_taken",
  ],
  [
    "lets a domain in that is allowed",
    { rules: { allowedDomains: ["acme.test"] }, claims: VERIFIED },
    "create",
  ],
  [
    "compares domains without case",
    {
      rules: { allowedDomains: ["acme.test"] },
      claims: { email: "Ada@ACME.test", emailVerified: true },
    },
    "create",
  ],
  [
    "keeps other domains out",
    {
      rules: { allowedDomains: ["acme.test"] },
      claims: { email: "ada@evil.test", emailVerified: true },
    },
    "domain_not_allowed",
  ],
  [
    "keeps subdomains out",
    {
      rules: { allowedDomains: ["acme.test"] },
      claims: { email: "ada@x.acme.test", emailVerified: true },
    },
    "domain_not_allowed",
  ],
  [
    "keeps out who only claims an address in the domain",
    {
      rules: { allowedDomains: ["acme.test"] },
      claims: { email: "ada@acme.test", emailVerified: false },
    },
    "domain_not_allowed",
  ],
  [
    "keeps out who has no address",
    { rules: { allowedDomains: ["acme.test"] } },
    "domain_not_allowed",
  ],
  [
    "keeps out linked people whose address left the domain",
    {
      linked: ADA,
      rules: { allowedDomains: ["acme.test"] },
      claims: { email: "ada@home.test", emailVerified: true },
    },
    "domain_not_allowed",
  ],
  [
    "reads the domain after the last @",
    {
      rules: { allowedDomains: ["acme.test"] },
      claims: { email: "ada@acme.test@evil.test", emailVerified: true },
    },
    "domain_not_allowed",
  ],
];

describe("decideFederatedSignIn", () => {
  for (const [sentence, { rules, claims, linked, holder }, expected] of TABLE) {
    it(sentence, () => {
      const decision = decideFederatedSignIn({
        rules: { ...RULES, ...rules },
        person: person(claims),
        linked,
        holder,
      });
      const said = decision.outcome === "refuse" ? decision.reason : decision.outcome;
      expect(said).to.equal(expected);
    });
  }
});

describe("believedEmail", () => {
  const believed = (claims: Partial<Claims>, emailAuthoritativeFor = ["acme.test"]) =>
    believedEmail({ ...RULES, emailAuthoritativeFor }, person(claims));

  it("is a verified address in a domain that the provider is believed of", () => {
    expect(believed(VERIFIED)).to.equal("ada@acme.test");
    expect(believed({ email: "Ada@Acme.Test", emailVerified: true })).to.equal("Ada@Acme.Test");
    expect(believed({ email: "eve@evil.test", emailVerified: true }, ["*"])).to.equal(
      "eve@evil.test",
    );
  });

  it("is none that is not verified, of another domain, or of a provider believed of none", () => {
    expect(believed({ email: "ada@acme.test", emailVerified: false })).to.equal(undefined);
    expect(believed({ email: "ada@evil.test", emailVerified: true })).to.equal(undefined);
    expect(believed(VERIFIED, [])).to.equal(undefined);
    expect(believed({ emailVerified: true })).to.equal(undefined);
  });

  it("is none that becomes another one when it is normalized", () => {
    for (const email of [
      "ada\uFF20acme.test",
      "\u0430da@acme.test",
      "ada@acme.test\u200b",
      "ada@acme\u3002test",
    ]) {
      expect(believed({ email, emailVerified: true }, ["*"]), email).to.equal(undefined);
    }
  });
});

describe("chooseUsername", () => {
  const choose = (claims: Partial<Claims>) =>
    chooseUsername({ rules: RULES, person: person(claims) }, "x1");

  it("is the believed address, else the name there, else one made of the provider's", () => {
    expect(choose({ ...VERIFIED, username: "ada" }).preferred).to.equal("ada@acme.test");
    expect(choose({ username: "ada" }).preferred).to.equal("ada");
    expect(choose({}).preferred).to.equal("corp-x1");
  });

  it("is no address that nobody verified, under whatever name", () => {
    expect(choose({ email: "eve@evil.test", emailVerified: true }).preferred).to.equal("corp-x1");
    expect(choose({ username: "victim@acme.test" }).preferred).to.equal("corp-x1");
    expect(choose({ username: "victim\uFF20acme.test" }).preferred).to.equal("corp-x1");
  });

  it("is set apart from somebody else's", () => {
    expect(choose({ username: "ada" }).distinct).to.equal("ada-x1");
    expect(choose(VERIFIED).distinct).to.equal("corp-x1");
    expect(choose({ username: "a".repeat(64) }).distinct).to.equal("corp-x1");
  });
});
