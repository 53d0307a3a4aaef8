import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { startFaultProxy } from "../support/fault-proxy.js";
import { rawRequest } from "../support/raw-request.js";
import { fetchStatus, statusReferenceOf } from "../support/status-list.js";
import { describeOnEachDatabase } from "../support/stores.js";
import {
  API,
  createListApi,
  createMachineClient,
  createTestApis,
  LIST_API,
  type TestClient,
} from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";

describeOnEachDatabase("status lists while the database is silent", (createDatabase, backend) => {
  if (backend.name !== "PostgreSQL") return;

  let server: TestServer;
  let proxy: Awaited<ReturnType<typeof startFaultProxy>>;
  let client: TestClient;
  let accessToken: string;
  before(async () => {
    const { url } = await createDatabase();
    proxy = await startFaultProxy(url);
    server = await startTestServer({ environment: { DATABASE_URL: proxy.url } });
    await createTestApis(server);
    await createListApi(server);
    client = await createMachineClient(server);
    const { body } = await issue(LIST_API);
    accessToken = (JSON.parse(body) as { access_token: string }).access_token;
    await issue(API);
    expect(await fetchStatus(server.issuer, accessToken)).to.equal(0);
    await proxy.be("silent");
  });
  after(async () => {
    await server.close();
    await proxy.close();
  });

  const issue = (resource: string) => {
    const fields = { grant_type: "client_credentials", resource, scope: "orders:read" };
    return postForm(`${server.issuer}/token`, fields, { client });
  };

  it("issues no token whose place could not be written, and says when to come back", async function () {
    this.timeout(120_000);
    const answer = await issue(LIST_API);
    expect(answer.status).to.equal(503);
    expect(Number(answer.headers["retry-after"])).to.be.above(0);
    expect(JSON.parse(answer.body)).to.include({ error: "temporarily_unavailable" });
  });

  it("serves the lists that it has, for as long as they hold (§11.5)", async function () {
    this.timeout(120_000);
    expect(await fetchStatus(server.issuer, accessToken)).to.equal(0);
    const { uri } = statusReferenceOf(accessToken);
    const { headers } = await rawRequest(uri);
    expect(headers["cache-control"]).to.equal("public, max-age=30");
  });

  it("has none that it did not have before: 503, and not 404", async function () {
    this.timeout(120_000);
    const answer = await rawRequest(`${server.issuer}/status-lists/12345`);
    expect(answer.status).to.equal(503);
    expect(Number(answer.headers["retry-after"])).to.be.above(0);
    expect(answer.headers["cache-control"]).to.equal("no-store");
  });

  it("goes on when the database answers, without a restart", async function () {
    this.timeout(180_000);
    await proxy.be("none");
    const statuses = async () => [
      (await issue(LIST_API)).status,
      (await rawRequest(`${server.issuer}/status-lists/12345`)).status,
    ];
    await eventually("both are answered again", async () => {
      const [issued, unknown] = await statuses();
      return issued === 200 && unknown === 404;
    });
  });
});
