import { randomUUID } from "node:crypto";
import { expect } from "chai";
import type { ResourceServer } from "../../src/clients/resource-server-store.js";
import { LatchkeyError } from "../../src/lib/errors.js";
import { eventually } from "../support/eventually.js";
import { describeKeptAndNot } from "../support/stores.js";
import { codeOfRejection, rejectionOf } from "../support/stores-rejection.js";

function newResourceServer(changes: Partial<ResourceServer> = {}): ResourceServer {
  return {
    identifier: `https://${randomUUID()}.example.com/api`,
    name: "Orders",
    scopes: { "orders:read": "See your orders", "orders:write": "Place orders" },
    accessTokenFormat: "jwt",
    accessTokenAlgorithm: undefined,
    accessTokenSeconds: undefined,
    default: false,
    open: false,
    clients: {},
    statusList: false,
    publishMetadata: false,
    claims: {},
    managedBy: undefined,
    ...changes,
  };
}

describeKeptAndNot("ResourceServerStore", (stores) => {
  const resourceServers = () => stores().resourceServers;

  async function newClient(): Promise<string> {
    const clientId = randomUUID();
    await stores().clients.saveRegistration(clientId, {}, undefined);
    return clientId;
  }

  it("gives back the resource server that was created", async () => {
    const servers = [
      newResourceServer(),
      newResourceServer({
        scopes: {},
        accessTokenFormat: "opaque",
        accessTokenAlgorithm: "PS256",
        accessTokenSeconds: 300,
        open: true,
        statusList: true,
        publishMetadata: true,
        claims: { tier: { const: ["gold", 1, null] }, email: "account.email" },
        managedBy: "/etc/latchkey/apis.json",
      }),
    ];
    for (const server of servers) {
      await resourceServers().create(server);
      expect(await resourceServers().find(server.identifier)).to.deep.equal(server);
    }
  });

  it("gives nothing for one that is not there, nor for NUL", async () => {
    expect(await resourceServers().find("https://none.example.com")).to.equal(undefined);
    expect(await resourceServers().find("https://no\0ne.example.com")).to.equal(undefined);
  });

  it("takes identifiers with and without trailing slashes for the same", async () => {
    const server = newResourceServer();
    const { identifier } = server;
    await resourceServers().create({ ...server, identifier: `${identifier}/` });
    expect(await resourceServers().find(identifier)).to.deep.equal(server);
    expect(await resourceServers().find(`${identifier}//`)).to.deep.equal(server);
    const again = resourceServers().create(server);
    expect(await codeOfRejection(again)).to.equal("resource_server_exists");
    expect(await resourceServers().delete(`${identifier}/`)).to.equal(true);
    expect(await resourceServers().find(identifier)).to.equal(undefined);
  });

  it("lists all by identifier", async () => {
    const servers = [newResourceServer(), newResourceServer(), newResourceServer()];
    for (const server of servers) await resourceServers().create(server);
    const listed = await resourceServers().list();
    expect(listed).to.deep.include.members(servers);
    const identifiers = listed.map(({ identifier }) => identifier);
    expect(identifiers).to.deep.equal(identifiers.toSorted());
  });

  it("gives what is not said of a new one: off, and for no client", async () => {
    const { identifier, name, scopes, accessTokenFormat } = newResourceServer();
    await resourceServers().create({ identifier, name, scopes, accessTokenFormat });
    expect(await resourceServers().find(identifier)).to.deep.equal(
      newResourceServer({ identifier }),
    );
  });

  it("takes spellings that RFC 3986 §6.2 has as equivalent for the same", async () => {
    const server = newResourceServer();
    const url = new URL(server.identifier);
    const spelled = `HTTPS://${url.host.toUpperCase()}:443/./api/`;
    await resourceServers().create({ ...server, identifier: spelled });
    expect(await resourceServers().find(server.identifier)).to.deep.equal(server);
    expect(await resourceServers().find(spelled)).to.deep.equal(server);
    expect(await resourceServers().delete(spelled)).to.equal(true);
    expect(await resourceServers().find(spelled)).to.equal(undefined);
  });

  it("finds one that an earlier version kept as it was spelled, by that spelling", async () => {
    const { identifier } = newResourceServer();
    const spelled = identifier.toUpperCase();
    await stores()
      .database.knex("resource_server")
      .insert({
        identifier: spelled,
        name: "Old",
        scopes: "{}",
        access_token_format: "jwt",
        access_token_algorithm: null,
        access_token_seconds: null,
        created_at: 1,
      } as never);
    for (const open of [true, false]) {
      expect(await resourceServers().find(spelled)).to.include({ identifier: spelled, open });
      await resourceServers().update(`${spelled}/`, () => ({ open: false }));
    }
    expect(await resourceServers().find(identifier)).to.equal(undefined);
    expect(await resourceServers().delete(spelled)).to.equal(true);
  });

  it("changes what it is told to and nothing else, out of what is there", async () => {
    const server = newResourceServer({ accessTokenSeconds: 60, claims: { a: "account.email" } });
    const { identifier } = server;
    await resourceServers().create(server);
    const changed = await resourceServers().update(`${identifier}/`, (current) => {
      expect(current).to.deep.equal(server);
      return { name: `${current.name}!`, accessTokenSeconds: undefined };
    });
    const expected = { ...server, name: "Orders!", accessTokenSeconds: undefined };
    expect(changed).to.deep.equal(expected);
    expect(await resourceServers().find(identifier)).to.deep.equal(expected);
    const none = await resourceServers().update("https://none.example.com", () => ({ name: "" }));
    expect(none).to.equal(undefined);
  });

  it("loses no change of those who change at once", async () => {
    const server = newResourceServer({ scopes: {} });
    const { identifier } = server;
    await resourceServers().create(server);
    const names = Array.from({ length: 8 }, (_, i) => `scope:${i}`);
    await Promise.all(
      names.map((name) =>
        resourceServers().update(identifier, ({ scopes }) => ({
          scopes: { ...scopes, [name]: name },
        })),
      ),
    );
    const found = await resourceServers().find(identifier);
    expect(Object.keys(found?.scopes ?? {})).to.have.members(names);
  });

  it("changes nothing when the change is refused", async () => {
    const server = newResourceServer();
    await resourceServers().create(server);
    const refused = resourceServers().update(server.identifier, () => {
      throw new LatchkeyError("no", "No.");
    });
    expect(await codeOfRejection(refused)).to.equal("no");
    expect(await resourceServers().find(server.identifier)).to.deep.equal(server);
  });

  it("keeps which clients may ask for which scopes, until the client is deleted", async () => {
    const [some, all, none] = [await newClient(), await newClient(), await newClient()];
    const clients = { [some]: ["orders:read"], [all]: "all" as const, [none]: [] };
    const server = newResourceServer({ clients });
    const { identifier } = server;
    await resourceServers().create(server);
    expect(await resourceServers().find(identifier)).to.deep.equal(server);
    expect(await resourceServers().list()).to.deep.include(server);
    await resourceServers().update(identifier, () => ({ name: "Other" }));
    expect((await resourceServers().find(identifier))?.clients).to.deep.equal(clients);

    await stores().clients.delete(all);
    await eventually("the client's permission is gone", async () => {
      const found = await resourceServers().find(identifier);
      return found?.clients !== undefined && !(all in found.clients);
    });
    await resourceServers().update(identifier, () => ({ clients: { [none]: "all" } }));
    const left = (await resourceServers().find(identifier))?.clients;
    expect(left).to.deep.equal({ [none]: "all" });
  });

  it("allows no client that is not registered, and then changes nothing", async () => {
    const server = newResourceServer();
    const clients = { nobody: "all" as const };
    const created = resourceServers().create({ ...server, clients });
    expect(await codeOfRejection(created)).to.equal("client_unknown");
    expect(await resourceServers().find(server.identifier)).to.equal(undefined);
    await resourceServers().create(server);
    const updated = resourceServers().update(server.identifier, () => ({ clients, name: "New" }));
    expect(await codeOfRejection(updated)).to.equal("client_unknown");
    expect(await resourceServers().find(server.identifier)).to.deep.equal(server);
  });

  it("has one default at most, whichever way it comes about", async () => {
    const [first, second] = [newResourceServer({ default: true }), newResourceServer()];
    await resourceServers().create(first);
    expect(await resourceServers().findDefault()).to.deep.equal(first);
    await resourceServers().create(second);
    expect(await resourceServers().findDefault()).to.deep.equal(first);
    await resourceServers().update(second.identifier, () => ({ default: true }));
    expect(await resourceServers().findDefault()).to.deep.equal({ ...second, default: true });
    expect(await resourceServers().find(first.identifier)).to.include({ default: false });
    const third = newResourceServer({ default: true });
    await resourceServers().create(third);
    expect(await resourceServers().findDefault()).to.deep.equal(third);
    await resourceServers().delete(third.identifier);
    expect(await resourceServers().findDefault()).to.equal(undefined);
    await resourceServers().create(third);
    await resourceServers().update(third.identifier, () => ({ default: false }));
    expect(await resourceServers().findDefault()).to.equal(undefined);
  });

  it("has one default when several become it at once", async () => {
    const first = newResourceServer();
    const others = [newResourceServer(), newResourceServer()];
    await resourceServers().create(first);
    await Promise.all([
      resourceServers().update(first.identifier, () => ({ default: true })),
      ...others.map((each) => resourceServers().create({ ...each, default: true })),
    ]);
    const listed = await resourceServers().list();
    expect(listed.filter((each) => each.default)).to.have.length(1);
    const index = stores().database.knex("resource_server").update({ is_default: true });
    expect(String(await rejectionOf(index))).to.match(/unique/i);
  });

  it("takes the consents for it along when it is deleted, and no others", async () => {
    const { accounts, consents } = stores();
    const account = await accounts.create({
      id: `acct_${randomUUID()}` as never,
      username: randomUUID(),
      email: undefined,
      emailVerified: false,
      profile: {},
      demonstration: false,
      passwordHash: "hash",
    });
    const clientId = await newClient();
    const [gone, stays] = [newResourceServer(), newResourceServer()];
    for (const server of [gone, stays]) await resourceServers().create(server);
    const resourceScopes = new Map([gone, stays].map((each) => [each.identifier, new Set(["s"])]));
    const nothing = new Set<string>();
    await consents.add(account.id, clientId, {
      scopes: new Set(["openid"]),
      claims: nothing,
      resourceScopes,
    });
    await resourceServers().delete(`${gone.identifier}/`);
    const left = await consents.find(account.id, clientId);
    expect([...left.resourceScopes.keys()]).to.deep.equal([stays.identifier]);
    expect([...left.scopes]).to.deep.equal(["openid"]);
  });

  it("tells whether there was one to delete", async () => {
    expect(await resourceServers().delete("https://none.example.com")).to.equal(false);
  });
});
