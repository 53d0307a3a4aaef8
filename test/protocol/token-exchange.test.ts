import { expect } from "chai";
import { decodeJwt } from "jose";
import { register, sendMetadata } from "../support/registration-endpoint.js";
import { refusalOf } from "../support/oauth-error.js";
import { oauthErrorOf } from "../support/raw-request.js";
import {
  ACCESS_TOKEN,
  LIBRARIES,
  TOKEN_EXCHANGE,
  connect,
  type RelyingParty,
} from "../support/relying-party-libraries.js";
import { OPAQUE_API, createMachineClient, createTestClient } from "../support/test-client.js";
import {
  OPAQUE_STOCK,
  STOCK,
  createExchangeApis,
  createExchanges,
  type Exchanges,
} from "../support/token-exchange.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";

const INVALID_REQUEST = { status: 400, error: "invalid_request" };
const INVALID_TARGET = { status: 400, error: "invalid_target" };
const TYPE = "urn:ietf:params:oauth:token-type:";

describe("token exchange (RFC 8693)", () => {
  let server: TestServer;
  let exchanges: Exchanges;
  let orders: RelyingParty;
  before(async () => {
    server = await startTestServer();
    await createExchangeApis(server);
  });
  after(() => server.close());
  beforeEach(async () => {
    exchanges = await createExchanges(server);
    ({ orders } = exchanges);
  });

  for (const library of LIBRARIES) {
    it(`gives an API a token for another API in the name of the person (§2.2.1, ${library.name})`, async () => {
      await exchanges.allow();
      const { token, subject } = await exchanges.signIn();
      const rp = await library.connect(server, exchanges.service);
      const parameters = { subject_token: token, resource: STOCK, scope: "stock:read" };
      const answer = await rp.exchange(parameters);
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
  }

  it("gives an opaque token to an API that takes those, which introspection shows with who acts (§4.1)", async () => {
    await exchanges.allow({ target: OPAQUE_STOCK, kinds: ["delegation"] });
    const { token, subject } = await exchanges.signIn();
    const answer = await orders.exchange({ subject_token: token, resource: OPAQUE_STOCK });
    const { clientId } = exchanges.service;
    const facts = { active: true, sub: subject, aud: OPAQUE_STOCK, client_id: clientId };
    const shown = await orders.introspect(answer.access_token);
    expect(shown).to.include(facts);
    expect(shown["act"]).to.deep.equal({ sub: clientId });
    expect(shown).to.not.have.property("ancestors");

    const policy = { resourceServer: OPAQUE_STOCK };
    const stock = await connect(server, await createMachineClient(server, {}, policy));
    expect(await stock.introspect(answer.access_token)).to.include(facts);
  });

  it("takes the id of the client that is an API for its audience (§2.1)", async () => {
    await exchanges.allow();
    const stock = await createMachineClient(server, {}, { resourceServer: `${STOCK}/` });
    const { token } = await exchanges.signIn();
    for (const audience of [stock.clientId, STOCK, `${STOCK}/`]) {
      const answer = await orders.exchange({ subject_token: token, audience, resource: STOCK });
      expect(decodeJwt(answer.access_token)).to.include({ aud: STOCK });
    }
  });

  it("exchanges what a client got for itself, whose subject it stays", async () => {
    await exchanges.allow({ kinds: ["delegation"], target: STOCK });
    await exchanges.allow({ kinds: ["delegation"], target: OPAQUE_STOCK });
    const machine = await createMachineClient(server);
    const parameters = { resource: OPAQUE_API, scope: "orders:read" };
    const { access_token: token } = await (
      await connect(server, machine)
    ).clientCredentials(parameters);
    const jwt = await orders.exchange({ subject_token: token, resource: STOCK });
    expect(decodeJwt(jwt.access_token)).to.include({ sub: machine.clientId });
    const opaque = await orders.exchange({ subject_token: token, resource: OPAQUE_STOCK });
    expect(await orders.introspect(opaque.access_token)).to.include({
      active: true,
      sub: machine.clientId,
      client_id: exchanges.service.clientId,
    });
  });

  describe("who may", () => {
    it("refuses a client for which no administrator allowed anything (RFC 6749 §5.2)", async () => {
      const { token } = await exchanges.signIn();
      const refused = orders.exchange({ subject_token: token, resource: STOCK });
      expect(await refusalOf(refused)).to.deep.equal({ status: 400, error: "unauthorized_client" });
    });

    it("refuses another target, and another source, than those allowed (§2.2.2)", async () => {
      await exchanges.allow({ source: STOCK });
      const { token } = await exchanges.signIn();
      const attempt = (resource: string) =>
        refusalOf(orders.exchange({ subject_token: token, resource }));
      expect(await attempt(OPAQUE_STOCK)).to.deep.equal(INVALID_TARGET);
      expect(await attempt("https://nowhere.example.com")).to.deep.equal(INVALID_TARGET);
      expect(await attempt(STOCK)).to.deep.equal(INVALID_REQUEST);
      await exchanges.allow({ source: OPAQUE_API });
      await orders.exchange({ subject_token: token, resource: STOCK });
    });

    it("refuses a token that is neither the client's own nor meant for it", async () => {
      await exchanges.allow();
      const other = await createMachineClient(server, {}, { resourceServer: STOCK });
      await exchanges.allow({ clientId: other.clientId, target: OPAQUE_STOCK });
      const { token } = await exchanges.signIn();
      const stock = await connect(server, other);
      const refused = stock.exchange({ subject_token: token, resource: OPAQUE_STOCK });
      expect(await refusalOf(refused)).to.deep.equal(INVALID_REQUEST);
      // Nor may an API exchange what is for userinfo.
      const own = await exchanges.signIn("", "openid");
      const userinfo = orders.exchange({ subject_token: own.token, resource: STOCK });
      expect(await refusalOf(userinfo)).to.deep.equal(INVALID_REQUEST);
    });

    it("refuses what a client got for itself: that may be no way to what it cannot ask for", async () => {
      await exchanges.allow();
      const { access_token } = await orders.clientCredentials({ resource: OPAQUE_API });
      const refused = orders.exchange({ subject_token: access_token, resource: STOCK });
      expect(await refusalOf(refused)).to.deep.equal(INVALID_REQUEST);
    });

    it("lets a client exchange its own tokens, if that is allowed", async () => {
      const { application, shop } = exchanges;
      await exchanges.allow({ clientId: application.clientId });
      const { token, subject } = await exchanges.signIn("", "openid");
      const answer = await shop.exchange({ subject_token: token, resource: STOCK });
      expect(decodeJwt(answer.access_token)).to.include({ sub: subject, aud: STOCK });
    });

    it("refuses a public client, whatever is allowed to it", async () => {
      const metadata = { token_endpoint_auth_method: "none" };
      const client = await createTestClient(server, metadata);
      await exchanges.allow({ clientId: client.clientId });
      const rp = await connect(server, client);
      const { token } = await exchanges.signIn();
      const refused = rp.exchange({ subject_token: token, resource: STOCK });
      expect(await refusalOf(refused)).to.deep.equal({ status: 400, error: "unauthorized_client" });
    });

    it("refuses a client that registers itself for it (RFC 7591 §3.2.2)", async () => {
      const endpoint = `${server.issuer}/clients/register`;
      const metadata = {
        redirect_uris: ["https://app.example.com/"],
        grant_types: ["authorization_code", TOKEN_EXCHANGE],
      };
      const token = await server.app.clientAdministration.createInitialAccessToken(60);
      const answer = await sendMetadata(endpoint, metadata, { token });
      expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([400, "invalid_client_metadata"]);
      const registered = await register(server, { redirect_uris: metadata.redirect_uris });
      const changed = await sendMetadata(
        registered.registrationUri,
        { client_id: registered.clientId, client_secret: registered.clientSecret, ...metadata },
        { method: "PUT", token: registered.registrationToken },
      );
      expect(oauthErrorOf(changed)).to.equal("invalid_client_metadata");
    });
  });

  describe("bad input (§2.2.2)", () => {
    /** The error for the exchange of a good token with these fields instead. */
    async function errorFor(fields: Record<string, string | undefined>): Promise<string> {
      const all = {
        grant_type: TOKEN_EXCHANGE,
        subject_token_type: ACCESS_TOKEN,
        resource: STOCK,
        ...fields,
      };
      const given = Object.entries(all).filter((entry): entry is [string, string] =>
        entry.every((part) => part !== undefined),
      );
      const { service: client } = exchanges;
      const answer = await postForm(`${server.issuer}/token`, given, { client });
      expect(answer.status).to.equal(400);
      return oauthErrorOf(answer);
    }

    let good: string;
    let refreshToken: string;
    beforeEach(async () => {
      await exchanges.allow();
      ({ token: good, refreshToken } = await exchanges.signIn());
    });

    const WRONG: Record<string, [Record<string, string | undefined>, string]> = {
      "no subject token": [{ subject_token: undefined }, "invalid_request"],
      "no subject token type": [{ subject_token_type: undefined }, "invalid_request"],
      "an ID token": [{ subject_token_type: `${TYPE}id_token` }, "invalid_request"],
      "a refresh token": [{ subject_token_type: `${TYPE}refresh_token` }, "invalid_request"],
      "a SAML assertion": [{ subject_token_type: `${TYPE}saml2` }, "invalid_request"],
      "a JWT that is none": [{ subject_token_type: `${TYPE}jwt` }, "invalid_request"],
      "an actor token without its type": [{ actor_token: "x" }, "invalid_request"],
      "an actor token type without token": [{ actor_token_type: ACCESS_TOKEN }, "invalid_request"],
      "a wish for a refresh token": [
        { requested_token_type: `${TYPE}refresh_token` },
        "invalid_request",
      ],
      "a wish for an ID token": [{ requested_token_type: `${TYPE}id_token` }, "invalid_request"],
      "no target": [{ resource: undefined }, "invalid_target"],
      "a target that is no URI": [{ resource: "stock" }, "invalid_target"],
      "two targets": [{ audience: OPAQUE_STOCK }, "invalid_target"],
      "a scope that is not allowed": [{ scope: "stock:read orders:read" }, "invalid_scope"],
      "a scope of OpenID Connect": [{ scope: "openid" }, "invalid_scope"],
      "a token nobody issued": [{ subject_token: "a".repeat(46) }, "invalid_request"],
      "a token of another length": [{ subject_token: "x" }, "invalid_request"],
      "a token with NUL": [{ subject_token: "\0".repeat(46) }, "invalid_request"],
      "a token that is endless": [{ subject_token: "x".repeat(30_000) }, "invalid_request"],
    };
    for (const [what, [fields, error]] of Object.entries(WRONG)) {
      it(`refuses ${what}: ${error}`, async () => {
        expect(await errorFor({ subject_token: good, ...fields })).to.equal(error);
      });
    }

    it("refuses a refresh token that is called an access token", async () => {
      expect(await errorFor({ subject_token: refreshToken })).to.equal("invalid_request");
    });

    it("refuses a parameter that is there twice, save resource and audience (RFC 6749 §3.2)", async () => {
      const once: [string, string][] = [
        ["grant_type", TOKEN_EXCHANGE],
        ["subject_token", good],
        ["subject_token_type", ACCESS_TOKEN],
        ["resource", STOCK],
        ["resource", `${STOCK}/`],
      ];
      const { service: client } = exchanges;
      const answer = await postForm(`${server.issuer}/token`, once, { client });
      expect(answer.status, answer.body).to.equal(200);
      const twice = await postForm(`${server.issuer}/token`, [...once, ["subject_token", good]], {
        client,
      });
      expect(oauthErrorOf(twice)).to.equal("invalid_request");
    });
  });
});
