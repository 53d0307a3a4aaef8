import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { AccessTokenError, createAccessTokenVerifier } from "../../src/verify/index.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { fetchStatus } from "../support/status-list.js";
import { API, createListApi, createMachineClient, LIST_API } from "../support/test-client.js";
import { createExchangeApis, createExchanges, STOCK } from "../support/token-exchange.js";
import { startTestServer, type TestServer } from "../support/test-server.js";

const TTL_SECONDS = 2;

describe("what APIs learn from status lists (draft-ietf-oauth-status-list-21)", () => {
  let server: TestServer;
  let machine: RelyingParty;
  before(async () => {
    server = await startTestServer({
      environment: { STATUS_LIST_TTL_SECONDS: String(TTL_SECONDS) },
    });
    await createListApi(server);
    machine = await connect(server, await createMachineClient(server));
  });
  after(() => server.close());

  it("a revoked token is dead within the list's stated time at an API that keeps lists (§13.7)", async function () {
    this.timeout(10_000);
    let fetches = 0;
    const verifier = createAccessTokenVerifier({
      issuer: server.issuer,
      audience: LIST_API,
      revocation: { statusList: { failure: "closed" } },
      fetch(url, init) {
        if (url.includes("/status-lists/")) fetches++;
        return fetch(url, init);
      },
    });
    const outcome = (token: string) =>
      verifier.verify(token).then(
        () => "alive",
        (err: unknown) => (err instanceof AccessTokenError ? err.problem : "another error"),
      );
    const issue = async () => {
      const parameters = { resource: LIST_API, scope: "orders:read" };
      return (await machine.clientCredentials(parameters)).access_token;
    };
    const [token, other] = [await issue(), await issue()];
    for (let count = 0; count < 50; count++) expect(await outcome(token)).to.equal("alive");
    expect(fetches).to.equal(1);

    await machine.revoke(token);
    const revokedAtMs = performance.now();
    while ((await outcome(token)) === "alive") await delay(20);
    expect(performance.now() - revokedAtMs).to.be.below(TTL_SECONDS * 1000 + 500);
    expect(await outcome(token)).to.equal("revoked");
    expect(await outcome(other)).to.equal("alive");
  });

  it("an exchanged token ends with the token that it was exchanged for, and with its session (RFC 8693)", async () => {
    await createExchangeApis(server);
    await server.app.resourceServers.update(STOCK, () => ({ statusList: true }));
    const exchanges = await createExchanges(server, API);
    await exchanges.allow();
    const exchange = async (token: string) => {
      const parameters = { subject_token: token, resource: STOCK, scope: "stock:read" };
      return (await exchanges.orders.exchange(parameters)).access_token;
    };
    const [one, two] = [await exchanges.signIn(), await exchanges.signIn()];
    const exchanged = [await exchange(one.token), await exchange(two.token)];
    const statuses = () => Promise.all(exchanged.map((each) => fetchStatus(server.issuer, each)));
    expect(await statuses()).to.deep.equal([0, 0]);
    await exchanges.shop.revoke(one.token);
    expect((await statuses())[0]).to.equal(1);

    const three = await exchanges.signIn();
    exchanged[1] = await exchange(three.token);
    expect((await statuses())[1]).to.equal(0);
    const page = await exchanges.agent.open(`${server.issuer}/session/end`);
    await exchanges.agent.submit(page, { logout: "yes" });
    expect(await statuses()).to.deep.equal([1, 1]);
  });
});
