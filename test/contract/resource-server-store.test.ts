import { randomUUID } from "node:crypto";
import { expect } from "chai";
import type { ResourceServer } from "../../src/clients/resource-server-store.js";
import { describeKeptAndNot } from "../support/stores.js";
import { codeOfRejection } from "../support/stores-rejection.js";

function newResourceServer(changes: Partial<ResourceServer> = {}): ResourceServer {
  return {
    identifier: `https://${randomUUID()}.example.com/api`,
    name: "Orders",
    scopes: { "orders:read": "See your orders", "orders:write": "Place orders" },
    accessTokenFormat: "jwt",
    accessTokenAlgorithm: undefined,
    accessTokenSeconds: undefined,
    ...changes,
  };
}

describeKeptAndNot("ResourceServerStore", (stores) => {
  const resourceServers = () => stores().resourceServers;

  it("gives back the resource server that was created", async () => {
    const servers = [
      newResourceServer(),
      newResourceServer({
        scopes: {},
        accessTokenFormat: "opaque",
        accessTokenAlgorithm: "PS256",
        accessTokenSeconds: 300,
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

  it("tells whether there was one to delete", async () => {
    expect(await resourceServers().delete("https://none.example.com")).to.equal(false);
  });
});
