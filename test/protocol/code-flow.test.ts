import { expect } from "chai";
import * as client from "openid-client";
import { authorize, createUserAgent } from "../support/user-agent.js";
import { startTestServer, type TestServer } from "../support/test-server.js";

const REDIRECT_URI = "http://localhost:9999/callback";

describe("authorization code flow with PKCE (openid-client)", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  it("signs a person in from discovery alone and gives tokens that verify", async () => {
    const { clientId, clientSecret } = await server.app.clientAdministration.create({
      metadata: {
        client_name: "Test application",
        redirect_uris: [REDIRECT_URI],
        grant_types: ["authorization_code", "refresh_token"],
      },
      policy: { firstParty: false, resourceServer: undefined },
      demonstration: false,
    });
    const config = await client.discovery(
      new URL(server.issuer),
      clientId,
      clientSecret,
      undefined,
      { execute: [client.allowInsecureRequests] },
    );
    const codeVerifier = client.randomPKCECodeVerifier();
    const nonce = client.randomNonce();
    const state = client.randomState();
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: REDIRECT_URI,
      scope: "openid profile email",
      code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: "S256",
      nonce,
      state,
    });
    const callback = await authorize(createUserAgent(server.issuer), url, server);
    const tokens = await client.authorizationCodeGrant(config, callback, {
      pkceCodeVerifier: codeVerifier,
      expectedNonce: nonce,
      expectedState: state,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    expect(claims?.iss).to.equal(server.issuer);
    const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims?.sub ?? "");
    expect(userinfo).to.include({ name: "Ada Example", email: "ada@example.com" });

    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? "");
    expect(refreshed.refresh_token).to.be.a("string").and.not.equal(tokens.refresh_token);
  });
});
