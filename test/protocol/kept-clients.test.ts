import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import type { ClientMetadata } from "../../src/clients/client-store.js";
import { describeOnTwoNodes } from "../support/deployments.js";
import { register, type Registered } from "../support/registration-endpoint.js";
import { describeOnEachDatabase } from "../support/stores.js";
import { createTestKey } from "../support/test-key.js";
import { API, createMachineClient, createTestApis } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";

/** Of which the library alone would have kept about a hundred. */
const MANY = 250;

describeOnEachDatabase("Clients that are asked for again and again", (createDatabase, backend) => {
  let server: TestServer;
  before(async () => {
    const { url } = await createDatabase();
    server = await startTestServer({ environment: { DATABASE_URL: url } });
    await createTestApis(server);
  });
  after(() => server?.close());

  const createMany = () =>
    Promise.all(Array.from({ length: MANY }, () => createMachineClient(server)));

  const find = (clientId: string) => server.app.provider.Client.find(clientId);

  if (backend.name === "PostgreSQL") {
    it("cost a few reads of the database for 200 token requests", async () => {
      const client = await createMachineClient(server);
      const reads: string[] = [];
      server.database.knex.on("query", ({ sql }: { sql: string }) => void reads.push(sql));
      for (let request = 0; request < 200; request++) {
        const fields = { grant_type: "client_credentials", resource: API };
        expect((await postForm(`${server.issuer}/token`, fields, { client })).status).to.equal(200);
      }
      const counts = ["client", "resource_server", "account"].map(
        (table) => reads.filter((sql) => sql.includes(` from "${table}"`)).length,
      );
      // Once, and again every three seconds, of which a busy machine may need some.
      expect(counts[0]).to.be.within(1, 5);
      expect(counts[1]).to.be.within(1, 5);
      expect(reads.length).to.be.at.most(10);
    });

    it("are validated once for all who ask at once", async () => {
      const { clientId } = await createMachineClient(server);
      const found = await Promise.all(Array.from({ length: 20 }, () => find(clientId)));
      expect(new Set(found).size).to.equal(1);
    });
  }

  it("stay what the library made of them, as many as there are", async () => {
    const clients = await createMany();
    const first = await Promise.all(clients.map(({ clientId }) => find(clientId)));
    for (let round = 0; round < 2; round++) {
      const again = await Promise.all(clients.map(({ clientId }) => find(clientId)));
      expect(again.every((client, index) => client === first[index])).to.equal(true);
    }
    expect(first.map((client) => client?.clientId)).to.deep.equal(
      clients.map(({ clientId }) => clientId),
    );
  });

  it("are validated anew when they have changed", async () => {
    const { clientId } = await createMachineClient(server);
    await find(clientId);
    await server.app.clients.saveRegistration(clientId, { redirect_uris: [] }, undefined);
    const err = await find(clientId).catch((error: Error) => error);
    expect(err).to.include({ error: "invalid_client_metadata" });
    const fixed = {
      client_name: "Fixed",
      redirect_uris: ["https://app.example.com/cb"],
      token_endpoint_auth_method: "none",
    };
    await server.app.clients.saveRegistration(clientId, fixed, undefined);
    expect(await find(clientId)).to.include({ clientName: "Fixed" });
    await server.app.clients.delete(clientId);
    expect(await find(clientId)).to.equal(undefined);
  });

  it("leave their records as they were read", async () => {
    const key = await createTestKey();
    const { clientId, metadata } = await createMachineClient(server, {
      token_endpoint_auth_method: "private_key_jwt",
      jwks: key.jwks,
      contacts: ["ada@example.com"],
    });
    const client = await find(clientId);
    expect(client?.metadata()).to.deep.include({ contacts: ["ada@example.com"] });
    expect((await server.app.clients.find(clientId))?.metadata).to.deep.equal(metadata);
  });
});

describeOnTwoNodes("a client that manages its registration (RFC 7592)", (nodes) => {
  const METADATA: ClientMetadata = {
    redirect_uris: ["https://app.example.com/cb"],
    token_endpoint_auth_method: "client_secret_basic",
    grant_types: ["authorization_code", "client_credentials"],
  };
  const paths = ({ registrationUri }: Registered) => new URL(registrationUri).pathname;
  const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

  it("sees at every node what it wrote at another, at once", async () => {
    const client = await register(nodes(), METADATA);
    let token = client.registrationToken;
    for (let round = 0; round < 20; round++) {
      const [here, there] = round % 2 === 0 ? [0, 1] : [1, 0];
      const read = await nodes().nodes[there ?? 0]?.request(paths(client), {
        headers: bearer(token),
      });
      expect(read?.status).to.equal(200);
      const renamed = { ...METADATA, client_id: client.clientId, client_name: `name ${round}` };
      const updated = await nodes().nodes[here ?? 0]?.request(paths(client), {
        method: "PUT",
        headers: { ...bearer(token), "Content-Type": "application/json" },
        body: JSON.stringify(renamed),
      });
      expect(updated?.status, updated?.body).to.equal(200);
      token =
        (JSON.parse(updated?.body ?? "{}") as Record<string, string>)[
          "registration_access_token"
        ] ?? "";
      const seen = await Promise.all(
        nodes().nodes.map((node) => node.request(paths(client), { headers: bearer(token) })),
      );
      for (const { body } of seen) expect(body).to.include(`"name ${round}"`);
    }
  });

  it("is gone at every node when it has deleted itself at one", async () => {
    for (let round = 0; round < 4; round++) {
      const client = await register(nodes(), METADATA);
      const token = async (index: number) => {
        const answer = await nodes().nodes[index]?.request("/token", {
          method: "POST",
          headers: {
            Authorization: `Basic ${Buffer.from(`${client.clientId}:${client.clientSecret}`).toString("base64")}`,
            "Content-Type": "application/x-www-form-urlencoded",
          },
          body: "grant_type=client_credentials",
        });
        return answer?.status;
      };
      expect([await token(0), await token(1)]).to.deep.equal([200, 200]);
      const deleted = await nodes().nodes[round % 2]?.request(paths(client), {
        method: "DELETE",
        headers: bearer(client.registrationToken),
      });
      expect(deleted?.status).to.equal(204);
      expect(await token(round % 2)).to.equal(401);
      const untilMs = performance.now() + 1000;
      while (performance.now() < untilMs && (await token((round + 1) % 2)) !== 401) await delay(5);
      expect(await token((round + 1) % 2)).to.equal(401);
    }
  });
});
