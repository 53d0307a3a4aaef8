import { randomUUID } from "node:crypto";
import { expect } from "chai";
import {
  findDecidingPolicy,
  type TokenExchangePolicy,
} from "../../src/clients/token-exchange-policy-store.js";
import { describeKeptAndNot, type TestStores } from "../support/stores.js";
import { codeOfRejection } from "../support/stores-rejection.js";

async function createClient({ clients }: TestStores): Promise<string> {
  const clientId = randomUUID();
  await clients.create({
    clientId,
    metadata: {},
    secretHash: undefined,
    policy: {
      firstParty: false,
      directSignIn: false,
      secondStep: false,
      resourceServer: undefined,
    },
    createdBy: "administrator",
    demonstration: false,
  });
  return clientId;
}

async function createApi({ resourceServers }: TestStores): Promise<string> {
  const identifier = `https://${randomUUID()}.example.com`;
  await resourceServers.create({
    identifier,
    name: "Orders",
    scopes: { read: "Read" },
    accessTokenFormat: "jwt",
    accessTokenAlgorithm: undefined,
    accessTokenSeconds: undefined,
  });
  return identifier;
}

describeKeptAndNot("TokenExchangePolicyStore", (stores) => {
  const policies = () => stores().tokenExchangePolicies;

  async function newPolicy(
    changes: Partial<TokenExchangePolicy> = {},
  ): Promise<TokenExchangePolicy> {
    return {
      clientId: await createClient(stores()),
      source: undefined,
      target: await createApi(stores()),
      kinds: ["delegation"],
      scopes: undefined,
      ...changes,
    };
  }

  it("gives back what was saved, of each client its own", async () => {
    const [one, other] = [await newPolicy(), await newPolicy({ scopes: ["read", "write"] })];
    const full = await newPolicy({
      source: await createApi(stores()),
      kinds: ["impersonation", "delegation"],
      scopes: [],
    });
    for (const policy of [one, other, full]) {
      expect(await policies().findAllOf(policy.clientId)).to.deep.equal([]);
      await policies().save(policy);
      expect(await policies().findAllOf(policy.clientId)).to.deep.equal([policy]);
    }
    expect(await policies().list()).to.deep.include.members([one, other, full]);
    expect(await policies().findAllOf("no\0body")).to.deep.equal([]);
  });

  it("replaces the one of the same client, source and target, and only that", async () => {
    const policy = await newPolicy();
    const source = await createApi(stores());
    await policies().save(policy);
    await policies().save({ ...policy, source });
    await policies().save({ ...policy, source, kinds: ["impersonation"], scopes: ["read"] });
    await policies().save({ ...policy, target: `${policy.target}/` });
    expect(await policies().findAllOf(policy.clientId)).to.have.deep.members([
      policy,
      { ...policy, source, kinds: ["impersonation"], scopes: ["read"] },
    ]);
  });

  it("keeps one of those that are saved at once", async () => {
    const policy = await newPolicy();
    const scopes = Array.from({ length: 8 }, (_, index) => [`scope-${index}`]);
    await Promise.all(scopes.map((each) => policies().save({ ...policy, scopes: each })));
    const found = await policies().findAllOf(policy.clientId);
    expect(found).to.have.length(1);
    expect(scopes).to.deep.include(found[0]?.scopes);
  });

  it("deletes that very one, and tells whether there was one", async () => {
    const policy = await newPolicy();
    const source = await createApi(stores());
    await policies().save(policy);
    expect(await policies().delete({ ...policy, source })).to.equal(false);
    expect(await policies().delete(policy)).to.equal(true);
    expect(await policies().findAllOf(policy.clientId)).to.deep.equal([]);
  });

  it("ends with the client and with each of its APIs", async () => {
    const gone = [
      async ({ clientId }: TokenExchangePolicy) => stores().clients.delete(clientId),
      async ({ source = "" }: TokenExchangePolicy) => stores().resourceServers.delete(source),
      async ({ target }: TokenExchangePolicy) => stores().resourceServers.delete(target),
    ];
    for (const end of gone) {
      const policy = await newPolicy({ source: await createApi(stores()) });
      await policies().save(policy);
      await end(policy);
      expect(await policies().list()).to.not.deep.include(policy);
    }
  });

  it("refuses one for a client or an API that is not there", async () => {
    const nowhere = "https://nowhere.example.com";
    for (const changes of [{ clientId: "nobody" }, { source: nowhere }, { target: nowhere }]) {
      const saved = policies().save(await newPolicy(changes));
      expect(await codeOfRejection(saved)).to.equal("token_exchange_policy_unfounded");
    }
  });

  it("decides by the policy for the very source before that for any", async () => {
    const any = await newPolicy();
    const exact = { ...any, source: "https://orders.example.com" };
    for (const all of [
      [any, exact],
      [exact, any],
    ]) {
      expect(findDecidingPolicy(all, exact)).to.equal(exact);
      expect(findDecidingPolicy(all, { ...any, source: "https://other" })).to.equal(any);
      expect(findDecidingPolicy(all, { ...any, target: "https://other" })).to.equal(undefined);
    }
  });
});
