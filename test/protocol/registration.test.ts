import { expect } from "chai";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";
import { refusalOf } from "../support/oauth-error.js";
import { oauthErrorOf, rawRequest } from "../support/raw-request.js";
import { register, sendMetadata, type Registered } from "../support/registration-endpoint.js";
import { LIBRARIES, connect } from "../support/relying-party-libraries.js";
import { laterBy } from "../support/shift-time.js";
import { signInWith } from "../support/sign-in-with.js";
import { REDIRECT_URI, createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type UserAgent } from "../support/user-agent.js";

const METADATA = {
  client_name: "Registered application",
  redirect_uris: [REDIRECT_URI],
  grant_types: ["authorization_code", "refresh_token"],
};

describe("dynamic client registration (RFC 7591)", () => {
  let server: TestServer;
  /** Signed in once; each client of a test gets its own grant. */
  let agent: UserAgent;
  let endpoint: string;
  before(async () => {
    server = await startTestServer();
    agent = createUserAgent(server.issuer);
    endpoint = `${server.issuer}/clients/register`;
  });
  after(() => server.close());

  const initialAccessToken = () => server.app.clientAdministration.createInitialAccessToken(60);

  it("registers a client that then signs people in (openid-client)", async () => {
    const config = await openid.dynamicClientRegistration(
      new URL(server.issuer),
      METADATA,
      undefined,
      {
        initialAccessToken: await initialAccessToken(),
        execute: [openid.allowInsecureRequests],
      },
    );
    const { client_id: clientId, client_secret: clientSecret } = config.clientMetadata();
    const client = { clientId, clientSecret: String(clientSecret), metadata: METADATA };
    const [library] = LIBRARIES;
    const rp = await (library?.connect ?? connect)(server, client);
    expect((await signInWith(server, rp, { agent })).tokens.claims).to.include({ aud: clientId });
  });

  it("registers a client that then signs people in (oauth4webapi)", async () => {
    const insecure = { [oauth.allowInsecureRequests]: true };
    const issuer = new URL(server.issuer);
    const as = await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, insecure),
    );
    const response = await oauth.dynamicClientRegistrationRequest(as, METADATA, {
      ...insecure,
      initialAccessToken: await initialAccessToken(),
    });
    const registered = await oauth.processDynamicClientRegistrationResponse(response);
    const client = {
      clientId: registered.client_id,
      clientSecret: registered["client_secret"] as string,
      metadata: METADATA,
    };
    const rp = await connect(server, client);
    expect((await signInWith(server, rp, { agent })).tokens.claims).to.include({
      aud: client.clientId,
    });
  });

  it("answers 201 with what was registered and a secret that never expires (§3.2.1)", async () => {
    const token = await initialAccessToken();
    const answer = await sendMetadata(endpoint, METADATA, { token });
    expect(answer.status).to.equal(201);
    expect(answer.headers["cache-control"]).to.equal("no-store");
    expect(JSON.parse(answer.body)).to.deep.include({ ...METADATA, client_secret_expires_at: 0 });
  });

  it("gives a public client no secret", async () => {
    const client = await register(server, { ...METADATA, token_endpoint_auth_method: "none" });
    expect(client.clientSecret).to.equal(undefined);
  });

  it("refuses with 401 and a challenge without an initial access token, or with a wrong one (§3)", async () => {
    for (const token of [undefined, "wrong"]) {
      const answer = await sendMetadata(endpoint, METADATA, { token });
      expect([token, answer.status]).to.deep.equal([token, 401]);
      expect(answer.headers["www-authenticate"]).to.match(/^Bearer /);
      expect(oauthErrorOf(answer)).to.be.oneOf(["invalid_token", "invalid_request"]);
    }
  });

  it("refuses an initial access token that expired", async () => {
    const token = await initialAccessToken();
    const answer = await laterBy(90, () => sendMetadata(endpoint, METADATA, { token }));
    expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([401, "invalid_token"]);
  });

  it("ignores members that only an administrator decides, and still asks for consent (AC-16)", async () => {
    const privileged = {
      first_party: true,
      firstParty: true,
      policy: {
        firstParty: true,
        directSignIn: false,
        secondStep: false,
        resourceServer: "https://api.example.com",
      },
      resource_server: "https://api.example.com",
      resourceServer: "https://api.example.com",
      created_by: "administrator",
      createdBy: "administrator",
      demonstration: true,
      trusted: true,
      skip_consent: true,
      is_admin: true,
      client_id: "chosen-by-the-client",
      client_secret: "chosen-by-the-client",
      secret_hash: "sha256.chosen",
      constructor: { prototype: { firstParty: true } },
    };
    const client = await register(server, { ...METADATA, ...privileged });
    expect(client.clientId).to.not.equal(privileged.client_id);
    expect(client.clientSecret).to.not.equal(privileged.client_secret);
    const record = await server.app.clients.find(client.clientId);
    expect(record).to.deep.include({
      policy: {
        firstParty: false,
        directSignIn: false,
        secondStep: false,
        resourceServer: undefined,
      },
      createdBy: "registration",
      demonstration: false,
    });
    for (const member of Object.keys(privileged)) {
      expect(record?.metadata, member).to.not.have.own.property(member);
    }

    const fresh = createUserAgent(server.issuer);
    const { url } = await (await connect(server, client)).begin();
    const login = await fresh.open(url);
    const { username, password } = server;
    const fields = { identifier: username, password };
    const consent = await fresh.submit(login, fields, { action: /\/login$/ });
    expect(consent.html).to.include("Unverified app");
    const denied = await fresh.submit(consent, { decision: "deny" }, { action: /\/consent$/ });
    expect(denied.url.searchParams.get("error")).to.equal("access_denied");
  });

  describe("dangerous addresses (AC-02)", () => {
    const forAnyField = [
      "javascript:alert(1)",
      "data:text/html,<script>alert(1)</script>",
      "vbscript:msgbox(1)",
      "https://user:password@client.example/",
      "https://*.client.example/",
      "https://client.example\\@evil.example/",
      "https://client.example/\r\nSet-Cookie: a=b",
      " https://client.example/",
      "/relative",
    ];
    const forRedirects = [
      ...forAnyField,
      "http://client.example/callback",
      "https://client.example/callback#fragment",
      "file:///etc/passwd",
      "blob:https://client.example/1",
    ];
    const links = ["client_uri", "logo_uri", "policy_uri", "tos_uri", "jwks_uri"];
    const others = ["sector_identifier_uri", "initiate_login_uri", "backchannel_logout_uri"];
    const redirects = ["redirect_uris", "post_logout_redirect_uris"];

    for (const field of [...redirects, ...links, ...others]) {
      it(`are refused in ${field}`, async () => {
        const many = redirects.includes(field);
        for (const uri of many ? forRedirects : forAnyField) {
          const token = await initialAccessToken();
          const metadata = { ...METADATA, [field]: many ? [uri] : uri };
          const answer = await sendMetadata(endpoint, metadata, { token });
          expect([uri, answer.status]).to.deep.equal([uri, 400]);
          expect(oauthErrorOf(answer), uri).to.match(/^invalid_(client_metadata|redirect_uri)$/);
        }
      });
    }
  });

  it("registers nothing that the server does not do (§2)", async () => {
    const unsupported = [
      { response_types: ["token"] },
      { response_types: ["code id_token"] },
      { grant_types: ["password"] },
      { grant_types: ["implicit"], response_types: ["id_token"] },
      { token_endpoint_auth_method: "client_secret_jwt" },
      { id_token_signed_response_alg: "none" },
      { id_token_signed_response_alg: "HS256" },
      { userinfo_signed_response_alg: "HS256" },
      { request_object_signing_alg: "none" },
      { subject_type: "pairwise" },
      { scope: "openid root" },
    ];
    for (const difference of unsupported) {
      const token = await initialAccessToken();
      const answer = await sendMetadata(endpoint, { ...METADATA, ...difference }, { token });
      expect(answer.status, JSON.stringify(difference)).to.equal(400);
      expect(oauthErrorOf(answer)).to.equal("invalid_client_metadata");
    }
  });

  describe("management (RFC 7592)", () => {
    let client: Registered;
    beforeEach(async () => {
      client = await register(server, METADATA);
    });

    it("shows a client its registration, without a secret and without its hash (§2.1)", async () => {
      const answer = await read(client);
      expect(answer.status).to.equal(200);
      const body = JSON.parse(answer.body) as Record<string, unknown>;
      expect(body).to.deep.include({ ...METADATA, client_id: client.clientId });
      expect(body).to.not.have.property("client_secret");
      expect(answer.body)
        .to.not.include(client.clientSecret ?? "-")
        .and.not.include("sha256.");
    });

    it("changes a client that repeats its secret and one that does not (§2.2)", async () => {
      const renamed = { ...METADATA, client_id: client.clientId, client_name: "Renamed" };
      const first = await update(client, { ...renamed, client_secret: client.clientSecret });
      expect(first.status, first.body).to.equal(200);
      expect(first.body).to.include("Renamed").and.not.include("sha256.");
      const token = registrationTokenOf(first.body);
      const again = { ...renamed, client_name: "Renamed again" };
      const second = await update({ ...client, registrationToken: token }, again);
      expect(second.status, second.body).to.equal(200);
      // The secret is still the one that was shown at registration.
      const rp = await connect(server, client);
      expect((await signInWith(server, rp, { agent })).tokens).to.have.property("id_token");
    });

    it("refuses an update with a wrong secret, the stored hash included (§2.2)", async () => {
      const record = await server.app.clients.find(client.clientId);
      for (const secret of ["wrong", record?.secretHash, "", 7]) {
        const metadata = { ...METADATA, client_id: client.clientId, client_secret: secret };
        const answer = await update(client, metadata);
        expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([400, "invalid_request"]);
        expect(answer.body).to.include("client_secret does not match");
      }
    });

    it("judges an update by the rules of registration (AC-17)", async () => {
      const metadata = { ...METADATA, client_id: client.clientId };
      const evil = await update(client, { ...metadata, redirect_uris: ["javascript:alert(1)"] });
      expect([evil.status, oauthErrorOf(evil)]).to.deep.equal([400, "invalid_redirect_uri"]);
      const other = await update(client, { ...metadata, client_id: "another" });
      expect(other.body).to.include("client_id does not match");
      const large = await update(client, { ...metadata, client_name: "x".repeat(60_000) });
      expect([large.status, oauthErrorOf(large)]).to.deep.equal([400, "invalid_request"]);
      const promoted = await update(client, { ...metadata, first_party: true });
      expect(promoted.status).to.equal(200);
      const record = await server.app.clients.find(client.clientId);
      expect(record?.policy.firstParty).to.equal(false);
    });

    it("gives a new registration access token at each update; the old one is dead", async () => {
      const answer = await update(client, { ...METADATA, client_id: client.clientId });
      const token = registrationTokenOf(answer.body);
      expect(token).to.not.equal(client.registrationToken);
      expect((await read({ ...client, registrationToken: token })).status).to.equal(200);
      expect((await read(client)).status).to.equal(401);
    });

    it("gives a secret to a client that starts to need one, and shows it once", async () => {
      const open = await register(server, { ...METADATA, token_endpoint_auth_method: "none" });
      const answer = await update(open, {
        ...METADATA,
        client_id: open.clientId,
        token_endpoint_auth_method: "client_secret_basic",
      });
      const { client_secret: secret } = JSON.parse(answer.body) as { client_secret?: string };
      expect(secret)
        .to.be.a("string")
        .and.not.match(/^sha256\./);
      const rp = await connect(server, { ...open, clientSecret: secret });
      expect((await signInWith(server, rp, { agent })).tokens).to.have.property("id_token");
    });

    it("deletes a client; its tokens, secret and registration are dead (§2.3)", async () => {
      const rp = await connect(server, client);
      const { tokens, subject } = await signInWith(server, rp, { agent });
      const answer = await rawRequest(client.registrationUri, {
        method: "DELETE",
        headers: { Authorization: `Bearer ${client.registrationToken}` },
      });
      expect([answer.status, answer.body]).to.deep.equal([204, ""]);
      expect((await read(client)).status).to.equal(401);
      const refused = await refusalOf(rp.refresh(tokens.refresh_token ?? ""));
      expect(refused).to.include({ error: "invalid_client", status: 401 });
      const unknown = await refusalOf(rp.userinfo(tokens.access_token, subject));
      expect(unknown).to.include({ error: "invalid_token" });
    });

    it("refuses the token of another client, and any other token (§2)", async () => {
      const other = await register(server, METADATA);
      const { tokens } = await signInWith(server, await connect(server, client), { agent });
      const strangers = [other.registrationToken, tokens.access_token, await initialAccessToken()];
      for (const registrationToken of strangers) {
        const answer = await read({ ...client, registrationToken });
        expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([401, "invalid_token"]);
      }
      expect((await read(client)).status).to.equal(200);
    });

    it("does not manage what an administrator created", async () => {
      const created = await createTestClient(server);
      const registrationUri = `${endpoint}/${created.clientId}`;
      expect((await read({ ...client, registrationUri })).status).to.equal(401);
    });
  });

  const read = ({ registrationUri, registrationToken }: Registered) =>
    rawRequest(registrationUri, { headers: { Authorization: `Bearer ${registrationToken}` } });

  const update = ({ registrationUri, registrationToken }: Registered, metadata: unknown) =>
    sendMetadata(registrationUri, metadata, { method: "PUT", token: registrationToken });
});

describe("open registration (OPEN_REGISTRATION=true)", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ environment: { OPEN_REGISTRATION: "true" } });
  });
  after(() => server.close());

  it("registers a client without an initial access token (RFC 7591 §3)", async () => {
    const answer = await sendMetadata(`${server.issuer}/clients/register`, METADATA);
    expect(answer.status).to.equal(201);
    expect(JSON.parse(answer.body)).to.include.keys("client_id", "registration_access_token");
  });
});

function registrationTokenOf(body: string): string {
  const { registration_access_token: token } = JSON.parse(body) as Record<string, string>;
  return token ?? "";
}
