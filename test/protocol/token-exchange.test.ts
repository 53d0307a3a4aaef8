import { expect } from "chai";
import { decodeJwt } from "jose";
import { refusalOf } from "../support/oauth-error.js";
import { ACCESS_TOKEN, LIBRARIES, type RelyingParty } from "../support/relying-party-libraries.js";
import { OPAQUE_API } from "../support/test-client.js";
import { createExchanges, STOCK, type Exchanges } from "../support/token-exchange.js";
import { startTestServer, type TestServer } from "../support/test-server.js";

describe("token exchange (RFC 8693)", () => {
  let server: TestServer;
  let exchanges: Exchanges;
  before(async () => {
    server = await startTestServer();
    exchanges = await createExchanges(server);
    await exchanges.allow();
  });
  after(() => server.close());

  for (const library of LIBRARIES) {
    describe(library.name, () => {
      let orders: RelyingParty;
      before(async () => {
        orders = await library.connect(server, exchanges.service);
      });

      it("gives an API a token for another API in the name of the person (§2.2.1)", async () => {
        const { token, subject } = await exchanges.signIn();
        const answer = await orders.exchange({
          subject_token: token,
          resource: STOCK,
          scope: "stock:read",
        });
        expect(answer).to.include({ issued_token_type: ACCESS_TOKEN, scope: "stock:read" });
        expect(answer.token_type).to.match(/^bearer$/i);
        expect(answer).to.not.have.any.keys("refresh_token", "id_token");
        expect(decodeJwt(answer.access_token)).to.include({
          iss: server.issuer,
          sub: subject,
          aud: STOCK,
          client_id: exchanges.service.clientId,
          scope: "stock:read",
        });
      });

      it("refuses what no administrator allowed (§2.2.2)", async () => {
        const { token } = await exchanges.signIn();
        const refused = orders.exchange({ subject_token: token, resource: OPAQUE_API });
        expect(await refusalOf(refused)).to.deep.equal({ status: 400, error: "invalid_target" });
      });
    });
  }
});
