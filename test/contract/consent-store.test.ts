import { randomUUID } from "node:crypto";
import { expect } from "chai";
import type { AccountId } from "../../src/accounts/account.js";
import type { Consent } from "../../src/accounts/consent-store.js";
import { describeOnEachBackend } from "../support/stores.js";
import { codeOfRejection } from "../support/stores-rejection.js";

const API = "https://api.example.com";

function consentTo(changes: Partial<Consent>): Consent {
  return { scopes: new Set(), claims: new Set(), resourceScopes: new Map(), ...changes };
}

describeOnEachBackend("ConsentStore", (stores) => {
  const consents = () => stores().consents;

  async function createParties() {
    const accountId = `acct_${randomUUID()}` as AccountId;
    const clientId = randomUUID();
    await stores().accounts.create({
      id: accountId,
      username: accountId,
      email: undefined,
      emailVerified: false,
      profile: {},
      demonstration: false,
      passwordHash: undefined,
    });
    await stores().clients.saveRegistration(clientId, {}, undefined);
    return { accountId, clientId };
  }

  it("is empty where nothing was ever allowed", async () => {
    const { accountId, clientId } = await createParties();
    expect(await consents().find(accountId, clientId)).to.deep.equal(consentTo({}));
    expect(await consents().find("acct_none" as AccountId, "none")).to.deep.equal(consentTo({}));
  });

  it("gives back scopes, claims and the scopes of each resource apart", async () => {
    const { accountId, clientId } = await createParties();
    const consent = consentTo({
      scopes: new Set(["openid", "email", "same"]),
      claims: new Set(["email", "same"]),
      resourceScopes: new Map([
        [API, new Set(["read", "same"])],
        ["https://other.example.com", new Set(["write"])],
      ]),
    });
    await consents().add(accountId, clientId, consent);
    expect(await consents().find(accountId, clientId)).to.deep.equal(consent);
  });

  it("lists what one person allowed each client, and when the last of it", async () => {
    const { accountId, clientId } = await createParties();
    const other = randomUUID();
    await stores().clients.saveRegistration(other, {}, undefined);
    await consents().add(accountId, clientId, consentTo({ scopes: new Set(["openid"]) }));
    await consents().add(accountId, other, consentTo({ claims: new Set(["email"]) }));
    stores().clock.advance(10);
    const resourceScopes = new Map([[API, new Set(["read"])]]);
    await consents().add(accountId, clientId, consentTo({ resourceScopes }));
    const now = stores().clock.nowSeconds();
    expect(await consents().listOfAccount(accountId)).to.have.deep.members([
      {
        clientId,
        grantedAtSeconds: now,
        ...consentTo({ scopes: new Set(["openid"]), resourceScopes }),
      },
      {
        clientId: other,
        grantedAtSeconds: now - 10,
        ...consentTo({ claims: new Set(["email"]) }),
      },
    ]);
    expect(await consents().listOfAccount("acct_none" as AccountId)).to.deep.equal([]);
  });

  it("adds to what is there, keeps it once, and is content with nothing to add", async () => {
    const { accountId, clientId } = await createParties();
    await consents().add(accountId, clientId, consentTo({ scopes: new Set(["openid"]) }));
    await consents().add(accountId, clientId, consentTo({ scopes: new Set(["openid", "email"]) }));
    await consents().add(accountId, clientId, consentTo({}));
    const found = await consents().find(accountId, clientId);
    expect(found).to.deep.equal(consentTo({ scopes: new Set(["email", "openid"]) }));
  });

  it("keeps all of concurrent additions", async () => {
    const { accountId, clientId } = await createParties();
    const numbers = Array.from({ length: 40 }, (_, index) => index);
    await Promise.all(
      numbers.map((number) =>
        consents().add(
          accountId,
          clientId,
          consentTo({
            scopes: new Set(["openid", `scope-${number}`]),
            resourceScopes: new Map([[API, new Set([`read-${number}`, "shared"])]]),
          }),
        ),
      ),
    );
    const found = await consents().find(accountId, clientId);
    const scopes = new Set(["openid", ...numbers.map((number) => `scope-${number}`)]);
    expect(found.scopes).to.deep.equal(scopes);
    expect(found.resourceScopes.get(API)?.size).to.equal(41);
  });

  it("takes more values at once than SQLite takes in one statement", async () => {
    const { accountId, clientId } = await createParties();
    const scopes = new Set(Array.from({ length: 1201 }, (_, index) => `scope-${index}`));
    await consents().add(accountId, clientId, consentTo({ scopes }));
    expect((await consents().find(accountId, clientId)).scopes).to.deep.equal(scopes);
  });

  it("withdraws all that one person allowed one client, and nothing else", async () => {
    const { accountId, clientId } = await createParties();
    const other = await createParties();
    const consent = consentTo({
      scopes: new Set(["openid"]),
      claims: new Set(["email"]),
      resourceScopes: new Map([[API, new Set(["read"])]]),
    });
    for (const person of [accountId, other.accountId]) {
      for (const client of [clientId, other.clientId])
        await consents().add(person, client, consent);
    }
    await consents().withdraw(accountId, clientId);
    expect(await consents().find(accountId, clientId)).to.deep.equal(consentTo({}));
    expect(await consents().find(accountId, other.clientId)).to.deep.equal(consent);
    expect(await consents().find(other.accountId, clientId)).to.deep.equal(consent);
    await consents().withdraw(accountId, clientId);
  });

  it("ends with the client, also for a client made anew under the same id", async () => {
    const { accountId, clientId } = await createParties();
    await consents().add(accountId, clientId, consentTo({ scopes: new Set(["openid"]) }));
    await stores().clients.delete(clientId);
    await stores().clients.saveRegistration(clientId, {}, undefined);
    expect(await consents().find(accountId, clientId)).to.deep.equal(consentTo({}));
  });

  it("refuses to record for an account or client that is gone", async () => {
    const { accountId, clientId } = await createParties();
    const consent = consentTo({ scopes: new Set(["openid"]) });
    const withoutAccount = consents().add("acct_none" as AccountId, clientId, consent);
    expect(await codeOfRejection(withoutAccount)).to.equal("consent_not_recorded");
    const withoutClient = consents().add(accountId, "none", consent);
    expect(await codeOfRejection(withoutClient)).to.equal("consent_not_recorded");
  });
});
