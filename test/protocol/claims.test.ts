import { expect } from "chai";
import { decodeProtectedHeader } from "jose";
import { rawRequest } from "../support/raw-request.js";
import { LIBRARIES, connect } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { authorize, createUserAgent, type UserAgent } from "../support/user-agent.js";

/** One value for every standard claim (OIDC Core §5.1). */
const PROFILE = {
  name: "Grace Example",
  given_name: "Grace",
  family_name: "Example",
  middle_name: "M.",
  nickname: "gracie",
  profile: "https://people.example/grace",
  picture: "https://people.example/grace.png",
  website: "https://grace.example",
  gender: "female",
  birthdate: "1970-01-31",
  zoneinfo: "Europe/Berlin",
  locale: "de-DE",
  phone_number: "+49 30 1234567",
  phone_number_verified: true,
  address: { formatted: "Street 1\n10115 Berlin", country: "DE" },
};
const BY_SCOPE: Record<string, string[]> = {
  profile: [
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
  ],
  email: ["email", "email_verified"],
  phone: ["phone_number", "phone_number_verified"],
  address: ["address"],
};

describe("claims", () => {
  let server: TestServer;
  let grace: { username: string; password: string };
  /** Where Grace is signed in. */
  let agent: UserAgent;
  before(async () => {
    server = await startTestServer();
    agent = createUserAgent(server.issuer);
    grace = { username: "grace", password: server.password };
    await server.app.createAccount({
      ...grace,
      email: "grace@example.com",
      emailVerified: false,
      profile: PROFILE,
    });
  });
  after(() => server.close());

  for (const [scope, claims] of Object.entries(BY_SCOPE)) {
    it(`of the scope ${scope} are at userinfo, and no others (OIDC Core §5.4)`, async () => {
      const { userinfo } = await signInAsGrace({ scope: `openid ${scope}` });
      expect(userinfo).to.have.all.keys("sub", ...claims);
      for (const claim of claims.filter((name) => name in PROFILE)) {
        expect(userinfo[claim]).to.deep.equal(PROFILE[claim as keyof typeof PROFILE]);
      }
    });
  }

  it("are not in the ID token, which tells who signed in and nothing else (§5.4)", async () => {
    const { tokens } = await signInAsGrace({ scope: "openid profile email phone address" });
    expect(tokens.claims).to.have.all.keys("iss", "sub", "aud", "exp", "iat", "nonce");
  });

  it("asked for one by one are where they were asked for (§5.5)", async () => {
    const claims = { id_token: { nickname: null }, userinfo: { email: { essential: true } } };
    const { tokens, userinfo } = await signInAsGrace({ claims: JSON.stringify(claims) });
    expect(tokens.claims).to.include({ nickname: "gracie" });
    expect(userinfo).to.deep.equal({ sub: tokens.claims?.["sub"], email: "grace@example.com" });
  });

  it("asked for one by one are shown at the consent page", async () => {
    const rp = await connect(server, await createTestClient(server));
    const claims = JSON.stringify({ userinfo: { phone_number: null } });
    const fresh = createUserAgent(server.issuer);
    const login = await fresh.open((await rp.begin({ claims })).url);
    const fields = { identifier: grace.username, password: grace.password };
    const page = await fresh.submit(login, fields, { action: /\/login$/ });
    expect(page.html).to.include("See your phone number");
  });

  it("of a person must be of the sub that was asked for (§5.5.1)", async () => {
    const { tokens } = await signInAsGrace({});
    const rp = await connect(server, await createTestClient(server));
    const asked = (value: string) => ({ claims: JSON.stringify({ id_token: { sub: { value } } }) });
    const { agent: ada } = await signInWith(server, rp);
    const other = asked(String(tokens.claims?.["sub"]));
    const { url } = await ada.open((await rp.begin({ ...other, prompt: "none" })).url);
    expect(url.searchParams.get("error")).to.equal("login_required");
  });

  it("parameters that are no JSON objects are refused", async () => {
    const rp = await connect(server, await createTestClient(server));
    for (const claims of ["garbage", "[]", "7", `{"id_token":7}`, `{"userinfo":[]}`]) {
      const { url } = await createUserAgent(server.issuer).open((await rp.begin({ claims })).url);
      expect(url.searchParams.get("error"), claims).to.equal("invalid_request");
    }
  });

  describe("userinfo as a JWT (§5.3.2)", () => {
    for (const library of LIBRARIES) {
      for (const alg of ["RS256", "ES256"]) {
        it(`is signed with the registered ${alg} (${library.name})`, async () => {
          const client = await createTestClient(server, { userinfo_signed_response_alg: alg });
          const rp = await library.connect(server, client);
          const { tokens, subject } = await signInWith(server, rp, {
            parameters: { scope: "openid email" },
          });
          const claims = await rp.userinfo(tokens.access_token, subject);
          expect(claims).to.include({ email: "ada@example.com", iss: server.issuer });
          expect(claims).to.include({ aud: client.clientId });
          const answer = await userinfo(tokens.access_token);
          expect(answer.headers["content-type"]).to.match(/^application\/jwt/);
          expect(decodeProtectedHeader(answer.body)).to.include({ alg });
        });
      }
    }
  });

  it("are answered to GET and POST (§5.3.1)", async () => {
    const { tokens } = await signInAsGrace({});
    for (const method of ["GET", "POST"]) {
      expect((await userinfo(tokens.access_token, method)).status).to.equal(200);
    }
  });

  async function signInAsGrace(parameters: Record<string, string>) {
    const rp = await connect(server, await createTestClient(server));
    const attempt = await rp.begin(parameters);
    const callback = await authorize(agent, attempt.url, grace);
    const tokens = await rp.redeem(attempt, callback);
    const claims = await rp.userinfo(tokens.access_token, String(tokens.claims?.["sub"]));
    return { tokens, userinfo: claims };
  }

  const userinfo = (token: string, method = "GET") =>
    rawRequest(`${server.issuer}/me`, { method, headers: { Authorization: `Bearer ${token}` } });
});
