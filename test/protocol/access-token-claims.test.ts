import { expect } from "chai";
import { decodeJwt } from "jose";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { laterBy } from "../support/shift-time.js";
import { signInWith } from "../support/sign-in-with.js";
import {
  API,
  createMachineClient,
  createTestApis,
  createTestClient,
} from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent } from "../support/user-agent.js";

const PARAMETERS = { resource: API, scope: "openid orders:read" };
const HOW = { acr: "urn:latchkey:acr:pwd", amr: ["pwd"] };

describe("claims of a JWT access token", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
    await createTestApis(server);
  });
  after(() => server.close());

  async function signedIn(metadata: Record<string, unknown> = {}) {
    const rp = await connect(server, await createTestClient(server, metadata));
    const agent = createUserAgent(server.issuer);
    const { tokens, subject } = await signInWith(server, rp, { agent, parameters: PARAMETERS });
    return { rp, agent, subject, refreshToken: tokens.refresh_token ?? "" };
  }

  const machineToken = async (metadata: Record<string, unknown> = {}) => {
    const rp = await connect(server, await createMachineClient(server, metadata));
    return decodeJwt((await rp.clientCredentials({ resource: API })).access_token);
  };

  async function refreshed(rp: RelyingParty, refreshToken: string) {
    const tokens = await rp.refresh(refreshToken, { resource: API });
    return { claims: decodeJwt(tokens.access_token), refreshToken: tokens.refresh_token ?? "" };
  }

  it("tell when and how a person signed in, at first and after each refresh (RFC 9068 §2.2.1, RFC 9470 §4)", async () => {
    const rp = await connect(server, await createTestClient(server));
    const agent = createUserAgent(server.issuer);
    const earliest = Math.floor(Date.now() / 1000);
    await signInWith(server, rp, { agent, parameters: PARAMETERS });
    const attempt = await rp.begin(PARAMETERS);
    const { url } = await agent.open(attempt.url);
    const tokens = await rp.redeem(attempt, url, { resource: API });
    const claims = decodeJwt(tokens.access_token);
    expect(claims).to.deep.include(HOW);
    expect(claims["auth_time"]).to.be.within(earliest, earliest + 10);
    await laterBy(300, async () => {
      const first = await refreshed(rp, tokens.refresh_token ?? "");
      const second = await refreshed(rp, first.refreshToken);
      for (const later of [first.claims, second.claims]) {
        expect(later).to.deep.include({ ...HOW, auth_time: claims["auth_time"] });
        expect(Number(later.iat)).to.be.above(Number(claims.iat) + 200);
      }
    });
  });

  it("tell nothing of a sign-in where a client acts for itself (RFC 9068 §2.2.1)", async () => {
    expect(await machineToken()).to.not.have.any.keys("auth_time", "acr", "amr");
  });

  describe("that an API was declared to get", () => {
    before(() =>
      server.app.resourceServers.update(API, () => ({
        claims: {
          email: "account.email",
          email_verified: "account.email_verified",
          login: "account.username",
          language: "account.profile.locale",
          nothing: "account.profile.constructor",
          department: "account.profile.department",
          tier: { const: { level: "gold", of: [1, null] } },
          app: "client.client_name",
          version: "client.software_version",
        },
      })),
    );
    after(() => server.app.resourceServers.update(API, () => ({ claims: {} })));

    it("come from account, client and constants; what is not there is left out", async () => {
      const { rp, refreshToken } = await signedIn({ client_name: "Shop" });
      const { claims } = await refreshed(rp, refreshToken);
      expect(claims).to.deep.include({
        email: "ada@example.com",
        email_verified: true,
        login: "ada",
        language: "en",
        tier: { level: "gold", of: [1, null] },
        app: "Shop",
      });
      expect(claims).to.not.have.any.keys("nothing", "department", "version");
    });

    it("are about the client alone where it acts for itself", async () => {
      const claims = await machineToken({ client_name: "Nightly job" });
      expect(claims).to.include({ app: "Nightly job" }).and.include.keys("tier");
      expect(claims).to.not.have.any.keys("email", "email_verified", "login", "language");
    });

    it("never take the place of what the server says, whatever the database holds", async () => {
      const claims = { sub: { const: "root" }, scope: { const: "all" }, iss: { const: "x" } };
      await server.app.resourceServers.update(API, () => ({ claims }));
      const { rp, refreshToken, subject } = await signedIn();
      const token = await refreshed(rp, refreshToken);
      expect(token.claims).to.include({ sub: subject, scope: "orders:read", iss: server.issuer });
    });
  });
});
