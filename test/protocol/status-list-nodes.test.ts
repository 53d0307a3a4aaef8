import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { describeOnTwoNodes } from "../support/deployments.js";
import type { ServerNode } from "../support/server-nodes.js";
import { fetchStatusList, statusReferenceOf } from "../support/status-list.js";
import {
  createListApi,
  createMachineClient,
  LIST_API,
  type TestClient,
} from "../support/test-client.js";
import { basic } from "../support/token-endpoint.js";

describeOnTwoNodes("status lists", (nodes) => {
  let client: TestClient;
  before(async () => {
    await createListApi(nodes());
    client = await createMachineClient(nodes());
  });

  async function issue(node: ServerNode | undefined): Promise<string> {
    const answer = await node?.request("/token", {
      method: "POST",
      headers: {
        Authorization: basic(client),
        "Content-Type": "application/x-www-form-urlencoded",
      },
      body: `grant_type=client_credentials&scope=orders:read&resource=${encodeURIComponent(LIST_API)}`,
    });
    const { access_token } = JSON.parse(answer?.body ?? "") as { access_token: string };
    return access_token;
  }

  /** As one node tells it. */
  async function invalidAt(node: ServerNode | undefined, uri: string): Promise<readonly number[]> {
    const answer = await node?.request(new URL(uri).pathname);
    return (await fetchStatusList(nodes().issuer, uri, answer)).invalid;
  }

  it("are one for both: no place is given twice, and what one node revokes the other tells", async () => {
    const [one, other] = nodes().nodes;
    const issued = await Promise.all(
      Array.from({ length: 60 }, (_, at) => issue(at % 2 === 0 ? one : other)),
    );
    const places = issued.map(statusReferenceOf);
    const { uri } = places[0] ?? { uri: "" };
    expect(new Set(places.map((place) => place.uri)).size).to.equal(1);
    expect(new Set(places.map(({ idx }) => idx)).size).to.equal(60);
    for (const node of [one, other]) expect(await invalidAt(node, uri)).to.deep.equal([]);

    // By neither of them, as a command does.
    await nodes().app.clientAdministration.delete(client.clientId);
    await delay(1000);
    const expected = places.map(({ idx }) => idx).toSorted((a, b) => a - b);
    for (const node of [one, other]) expect(await invalidAt(node, uri)).to.deep.equal(expected);
  });

  it("outlive the nodes: after a restart nothing is forgotten and no place is given again", async () => {
    const [one, other] = nodes().nodes;
    client = await createMachineClient(nodes());
    const before = statusReferenceOf(await issue(one));
    const known = await invalidAt(other, before.uri);
    expect(known).to.have.length(60);
    await one?.stop("SIGKILL");
    await one?.start();
    const after = statusReferenceOf(await issue(one));
    expect(after.uri).to.equal(before.uri);
    expect(after.idx).to.not.equal(before.idx);
    expect(await invalidAt(one, before.uri)).to.deep.equal(known);
  });
});
