import { expect } from "chai";
import { exportJWK, generateKeyPair } from "jose";
import { LIBRARIES, type SigningKey } from "../support/relying-party-libraries.js";
import { refusalOf } from "../support/oauth-error.js";
import { oauthErrorOf } from "../support/raw-request.js";
import { createMachineClient, createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";

const KID = "machine-key";

describe("client credentials grant (RFC 6749 §4.4)", () => {
  let server: TestServer;
  let signingKey: SigningKey;
  let jwks: { keys: object[] };
  before(async () => {
    server = await startTestServer();
    const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
    signingKey = { key: privateKey, kid: KID };
    jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: KID, alg: "ES256", use: "sig" }] };
  });
  after(() => server.close());

  for (const { name, connect } of LIBRARIES) {
    describe(name, () => {
      for (const authentication of ["client_secret_basic", "client_secret_post"] as const) {
        it(`gives a token to a machine that authenticates by ${authentication} (§2.3.1)`, async () => {
          const client = await createMachineClient(server, {
            token_endpoint_auth_method: authentication,
          });
          const machine = await connect(server, client, { authentication });
          const tokens = await machine.clientCredentials();
          expect(tokens.token_type.toLowerCase()).to.equal("bearer");
          expect(tokens.expires_in).to.equal(server.config.accessTokenSeconds);
          expect(tokens.refresh_token).to.equal(undefined);
        });
      }

      it("gives a token to a machine that authenticates by private_key_jwt (RFC 7523 §2.2)", async () => {
        const client = await createMachineClient(server, {
          token_endpoint_auth_method: "private_key_jwt",
          token_endpoint_auth_signing_alg: "ES256",
          jwks,
        });
        const machine = await connect(server, client, { authentication: signingKey });
        expect(await machine.clientCredentials()).to.have.property("access_token");
      });

      it("refuses a wrong secret with 401 invalid_client (§5.2)", async () => {
        const client = await createMachineClient(server);
        const machine = await connect(server, { ...client, clientSecret: "wrong" });
        expect(await refusalOf(machine.clientCredentials())).to.include({ status: 401 });
      });

      it("takes a secret by either method, whichever of the two the client registered", async () => {
        const client = await createMachineClient(server, {
          token_endpoint_auth_method: "client_secret_basic",
        });
        const machine = await connect(server, client, { authentication: "client_secret_post" });
        expect(await machine.clientCredentials()).to.have.property("access_token");
      });

      it("refuses a secret, and no authentication at all, where a key was registered (OIDC Registration §2)", async () => {
        const client = await createMachineClient(server, {
          token_endpoint_auth_method: "private_key_jwt",
          jwks,
        });
        for (const authentication of ["client_secret_basic", "none"] as const) {
          const stranger = { ...client, clientSecret: "guessed" };
          const machine = await connect(server, stranger, { authentication });
          expect(await refusalOf(machine.clientCredentials())).to.include({ status: 401 });
        }
      });

      it("refuses a client that did not register the grant", async () => {
        const rp = await connect(server, await createTestClient(server));
        expect(await refusalOf(rp.clientCredentials())).to.include({
          // RFC 6749 §5.2 has unauthorized_client for this; the library says invalid_request.
          error: "invalid_request",
        });
      });
    });
  }

  it("refuses two methods in one request (RFC 6749 §2.3)", async () => {
    const client = await createMachineClient(server);
    const answer = await postForm(
      `${server.issuer}/token`,
      {
        grant_type: "client_credentials",
        client_id: client.clientId,
        client_secret: client.clientSecret ?? "",
      },
      { client },
    );
    expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([400, "invalid_request"]);
  });

  it("takes a machine for no person: its token opens no userinfo", async () => {
    const { connect } = LIBRARIES[0] as (typeof LIBRARIES)[number];
    const machine = await connect(server, await createMachineClient(server));
    const { access_token } = await machine.clientCredentials();
    expect(await refusalOf(machine.userinfo(access_token, "anybody"))).to.include({
      error: "invalid_token",
    });
  });
});
