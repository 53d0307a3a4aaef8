import { expect } from "chai";
import { LatchkeyError } from "../../src/lib/errors.js";
import { createTableApi, gather, type Belongings } from "../support/revocation-ways.js";
import { connect } from "../support/relying-party-libraries.js";
import type { TestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";

const away = () =>
  Promise.reject(new LatchkeyError("database_unavailable", "It is away.", { status: 503 }));

/**
 * A revocation has two parts: the record, and what is deleted. It is acknowledged after both; when a
 * store fails, or the process ends, in between, whoever comes again finds what he revokes.
 */
describe("a revocation that is cut short", () => {
  let server: TestServer;
  let api: TestClient;
  before(async () => {
    server = await startTestServer();
    api = await createTableApi(server);
  });
  after(() => server.close());

  /** While `work` runs, the method fails. */
  async function failing<Result>(
    owner: object,
    method: string,
    work: () => Promise<Result>,
  ): Promise<Result> {
    const works: unknown = Reflect.get(owner, method);
    Reflect.set(owner, method, away);
    try {
      return await work();
    } finally {
      Reflect.set(owner, method, works);
    }
  }

  const revoke = async ({ client }: Belongings, token: string) => {
    const answer = await postForm(`${server.issuer}/token/revoke`, { token }, { client });
    return answer.status;
  };

  const TOKENS: Record<string, (given: Belongings) => string> = {
    "a JWT": ({ jwt }) => jwt,
    "a refresh token": ({ refreshTokens }) => refreshTokens.at(-1) ?? "",
    "an opaque access token": ({ opaque }) => opaque ?? "",
  };
  for (const [what, tokenOf] of Object.entries(TOKENS)) {
    it(`of ${what}, before the record is written: nothing has ended, and it can be done again`, async () => {
      const given = await gather(server, api, "person");
      const token = tokenOf(given);
      const { revocationRecords } = server.app;
      expect(await failing(revocationRecords, "add", () => revoke(given, token))).to.equal(503);
      expect(await given.rp.introspect(token)).to.include({ active: true });
      expect(await given.rp.introspect(given.jwt)).to.include({ active: true });
      expect(await revoke(given, token)).to.equal(200);
      for (const each of [given.jwt, given.opaque ?? "", given.refreshTokens.at(-1) ?? ""]) {
        expect(await given.rp.introspect(each)).to.deep.equal({ active: false });
      }
    });

    it(`of ${what}, after the record was written: all of it has ended all the same`, async () => {
      const given = await gather(server, api, "person");
      const { models } = server.app;
      expect(
        await failing(models, "revokeByGrantId", () => revoke(given, tokenOf(given))),
      ).to.equal(503);
      for (const each of [given.jwt, given.opaque ?? "", given.refreshTokens.at(-1) ?? ""]) {
        expect(await given.rp.introspect(each)).to.deep.equal({ active: false });
      }
      expect(await revoke(given, tokenOf(given))).to.equal(200);
    });
  }

  it("by deleting a client: the client is still there, and can be deleted again", async () => {
    const given = await gather(server, api, "machine");
    const { clientAdministration, clients } = server.app;
    const { clientId } = given.client;
    const outcome = await failing(server.app.revocationRecords, "add", () =>
      clientAdministration.delete(clientId).then(
        () => "deleted",
        () => "refused",
      ),
    );
    expect(outcome).to.equal("refused");
    expect(await clients.find(clientId)).not.to.equal(undefined);
    expect(await given.rp.introspect(given.jwt)).to.include({ active: true });
    expect(await clientAdministration.delete(clientId)).to.equal(true);
    const asApi = await connect(server, api);
    expect(await asApi.introspect(given.jwt)).to.deep.equal({ active: false });
  });

  it("is not guessed: while nobody can say what is revoked, no token is called active, nor inactive", async () => {
    const given = await gather(server, api, "machine");
    const fields = { token: given.jwt };
    for (const method of ["find", "list"]) {
      const answer = await failing(server.app.revocationRecords, method, () =>
        postForm(`${server.issuer}/token/introspect`, fields, { client: given.client }),
      );
      // On PostgreSQL this node knows of itself.
      expect(answer.status).to.be.oneOf([200, 503]);
      if (answer.status === 200) expect(JSON.parse(answer.body)).to.include({ active: true });
      else expect(JSON.parse(answer.body)).to.include({ error: "temporarily_unavailable" });
    }
  });
});
