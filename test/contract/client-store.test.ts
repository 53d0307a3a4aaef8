import { randomUUID } from "node:crypto";
import { expect } from "chai";
import type { ClientRecord, PolicyChanges } from "../../src/clients/client-store.js";
import { describeKeptAndNot } from "../support/stores.js";
import { codeOfRejection } from "../support/stores-rejection.js";

type NewClient = Omit<ClientRecord, "createdAtSeconds">;

function newClient(changes: Partial<NewClient> = {}): NewClient {
  return {
    clientId: randomUUID(),
    metadata: { redirect_uris: ["https://app.example.com/callback"] },
    secretHash: undefined,
    policy: {
      firstParty: false,
      directSignIn: false,
      secondStep: false,
      resourceServer: undefined,
    },
    createdBy: "administrator",
    demonstration: false,
    ...changes,
  };
}

describeKeptAndNot("ClientStore", (stores) => {
  const clients = () => stores().clients;

  it("gives back the client that was created", async () => {
    const plain = newClient();
    const full = newClient({
      metadata: { client_name: "Ünïcode 🔑", nested: { list: [1, true, null] } },
      secretHash: "sha256:abc",
      policy: {
        firstParty: true,
        directSignIn: true,
        secondStep: true,
        colour: "#0b6353",
        resourceServer: "https://api.example.com",
      },
      createdBy: "registration",
      demonstration: true,
    });
    const createdAtSeconds = stores().clock.nowSeconds();
    for (const client of [plain, full]) {
      await clients().create(client);
      expect(await clients().find(client.clientId)).to.deep.equal({ ...client, createdAtSeconds });
    }
    await clients().delete(full.clientId);
  });

  it("knows whether any client may take passwords", async () => {
    const policy = {
      firstParty: true,
      directSignIn: true,
      secondStep: false,
      resourceServer: undefined,
    };
    const trusted = newClient({ policy });
    await clients().create(newClient());
    expect(await clients().hasDirectSignIn()).to.equal(false);
    await clients().create(trusted);
    expect(await clients().hasDirectSignIn()).to.equal(true);
    await clients().saveRegistration(trusted.clientId, {}, undefined);
    expect(await clients().find(trusted.clientId)).to.deep.include({ policy });
    await clients().delete(trusted.clientId);
    expect(await clients().hasDirectSignIn()).to.equal(false);
  });

  it("gives nothing for a client that is not there, nor for NUL", async () => {
    expect(await clients().find("none")).to.equal(undefined);
    expect(await clients().find("no\0ne")).to.equal(undefined);
  });

  it("tells client ids apart by every character", async () => {
    const id = randomUUID();
    await clients().create(newClient({ clientId: `Client-${id}` }));
    expect(await clients().find(`client-${id}`)).to.equal(undefined);
    expect(await clients().find(`Client-${id} `)).to.equal(undefined);
  });

  it("refuses an id that is taken and leaves the client as it was", async () => {
    const client = newClient();
    await clients().create(client);
    const again = newClient({ clientId: client.clientId, metadata: { other: true } });
    expect(await codeOfRejection(clients().create(again))).to.equal("client_exists");
    expect(await clients().find(client.clientId)).to.deep.include({ metadata: client.metadata });
  });

  it("creates one of concurrent clients with one id", async () => {
    const clientId = randomUUID();
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, () => clients().create(newClient({ clientId }))),
    );
    expect(results.filter(({ status }) => status === "fulfilled")).to.have.length(1);
  });

  describe("saveRegistration", () => {
    it("creates a client without policy", async () => {
      const clientId = randomUUID();
      await clients().saveRegistration(clientId, { client_name: "new" }, "sha256:x");
      expect(await clients().find(clientId)).to.deep.equal({
        ...newClient({ clientId, metadata: { client_name: "new" }, secretHash: "sha256:x" }),
        createdBy: "registration",
        createdAtSeconds: stores().clock.nowSeconds(),
      });
    });

    it("changes metadata and secret of one that is there; policy and origin stay", async () => {
      const client = newClient({
        secretHash: "sha256:old",
        policy: {
          firstParty: true,
          directSignIn: false,
          secondStep: false,
          resourceServer: "https://api.example.com",
        },
      });
      await clients().create(client);
      const createdAtSeconds = stores().clock.nowSeconds();
      stores().clock.advance(5);
      await clients().saveRegistration(client.clientId, { client_name: "changed" }, undefined);
      expect(await clients().find(client.clientId)).to.deep.equal({
        ...client,
        metadata: { client_name: "changed" },
        secretHash: undefined,
        createdAtSeconds,
      });
    });
  });

  it("changes of a policy what is said, at once with what another changes", async () => {
    const client = newClient();
    await clients().create(client);
    const change = (changes: PolicyChanges) => clients().changePolicy(client.clientId, changes);
    const results = [change({ colour: "#0b6353" }), change({ secondStep: true })];
    expect(await Promise.all(results)).to.deep.equal([true, true]);
    const policy = { ...client.policy, colour: "#0b6353", secondStep: true };
    expect(await clients().find(client.clientId)).to.deep.include({ policy });
    await change({ colour: null, secondStep: false });
    expect(await clients().find(client.clientId)).to.deep.include({ policy: client.policy });
    expect(await clients().changePolicy("none", { colour: null })).to.equal(false);
  });

  it("sets the secret of a client that is there", async () => {
    const { clientId, ...client } = newClient({ secretHash: "sha256:old" });
    await clients().create({ clientId, ...client });
    expect(await clients().setSecretHash(clientId, "sha256:new")).to.equal(true);
    expect(await clients().find(clientId)).to.deep.include({ ...client, secretHash: "sha256:new" });
    expect(await clients().setSecretHash("none", "sha256:new")).to.equal(false);
  });

  it("deletes a client and tells whether there was one", async () => {
    const client = newClient();
    await clients().create(client);
    expect(await clients().delete(client.clientId)).to.equal(true);
    expect(await clients().find(client.clientId)).to.equal(undefined);
    expect(await clients().delete(client.clientId)).to.equal(false);
  });

  it("pages through all clients by creation, then id, each once", async () => {
    const created: string[] = [];
    for (let index = 0; index < 6; index++) {
      if (index % 3 === 0) stores().clock.advance(1);
      const client = newClient();
      await clients().create(client);
      created.push(client.clientId);
    }
    const seen: string[] = [];
    for (;;) {
      const after = seen.at(-1);
      const page = await clients().list({ limit: 4, ...(after === undefined ? {} : { after }) });
      if (page.length === 0) break;
      seen.push(...page.map(({ clientId }) => clientId));
    }
    expect(new Set(seen).size).to.equal(seen.length);
    const expected = [...created.slice(0, 3).toSorted(), ...created.slice(3).toSorted()];
    expect(seen.slice(-6)).to.deep.equal(expected);
  });

  it("lists and deletes demonstration clients, and no other", async () => {
    const kept = newClient();
    await clients().create(kept);
    const made = [newClient({ demonstration: true }), newClient({ demonstration: true })];
    for (const each of made) await clients().create(each);
    expect(await clients().listDemonstration()).to.have.members(
      made.map(({ clientId }) => clientId),
    );
    expect(await clients().deleteDemonstration()).to.equal(2);
    expect(await clients().listDemonstration()).to.deep.equal([]);
    expect(await clients().find(kept.clientId)).not.to.equal(undefined);
  });

  it("knows the origins of redirect URIs, and takes none for another that looks like it", async () => {
    const host = `${randomUUID()}.example`;
    await clients().saveRegistration(
      randomUUID(),
      { redirect_uris: [`https://${host}/cb`, "com.example:/cb"], client_uri: "https://c.example" },
      undefined,
    );
    expect(await clients().hasOrigin(`https://${host}`)).to.equal(true);
    const others = [
      `http://${host}`,
      `https://${host}:8443`,
      `https://${host.slice(0, -1)}`,
      `https://_${host.slice(1)}`,
      "https://c.example",
      "com.example:",
      "null",
      "%",
      "",
    ];
    for (const other of others) expect(await clients().hasOrigin(other), other).to.equal(false);
  });
});
