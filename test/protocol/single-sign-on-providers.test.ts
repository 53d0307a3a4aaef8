import { expect } from "chai";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { addUpstream } from "../support/upstreams/add-upstream.js";
import { startBareProvider } from "../support/upstreams/bare-oidc-provider.js";
import { startGitHubLike, type GitHubLike } from "../support/upstreams/github-like.js";
import { GRACE } from "../support/upstreams/upstream.js";
import { goToUpstream, signInThrough } from "../support/upstreams/walk.js";
import { createUserAgent } from "../support/user-agent.js";

describe("providers of other sorts", () => {
  let server: TestServer;
  let party: RelyingParty;
  before(async () => {
    server = await startTestServer({
      environment: { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1,localhost" },
    });
    party = await connect(server, await createTestClient(server, {}, { firstParty: true }));
  });
  after(() => server.close());

  const lastSignIn = () => server.logs.findLast(({ event }) => event === "sign_in");

  it("take our own key for proof, as our JWKS publishes it (private_key_jwt, RFC 7523)", async () => {
    const upstream = await startBareProvider(
      { relyingParty: server.issuer, providerId: "keyed", people: [GRACE] },
      {
        token_endpoint_auth_method: "private_key_jwt",
        client_secret: undefined,
        jwks_uri: `${server.issuer}/jwks`,
      },
    );
    try {
      await addUpstream(server, upstream, {
        id: "keyed",
        authentication: "private_key_jwt",
        sealedClientSecret: undefined,
      });
      const attempt = await party.begin();
      const walk = { upstream, providerId: "keyed", person: GRACE };
      const page = await signInThrough(createUserAgent(server.issuer), attempt.url, walk);
      expect(await party.redeem(attempt, page.url)).to.have.property("access_token");
    } finally {
      await upstream.stop();
    }
  });

  describe("that speak OAuth alone, by a preset", () => {
    let gitHub: GitHubLike;
    before(async () => {
      gitHub = await startGitHubLike();
      await addUpstream(server, gitHub, { id: "github", preset: "github-enterprise" });
    });
    after(() => gitHub.stop());

    async function signIn(parameters: Record<string, string> = {}) {
      const attempt = await party.begin({ scope: "openid email profile", ...parameters });
      const walk = { upstream: gitHub, providerId: "github", person: GRACE };
      const page = await signInThrough(createUserAgent(server.issuer), attempt.url, walk);
      return { attempt, page };
    }

    it("are asked who the person is, and which address is verified", async () => {
      const { attempt, page } = await signIn();
      const tokens = await party.redeem(attempt, page.url);
      const userinfo = await party.userinfo(tokens.access_token, String(tokens.claims?.["sub"]));
      expect(userinfo).to.include({
        name: "The Octocat",
        email: "octocat@example.com",
        email_verified: true,
      });
    });

    it("are held to the name that they give themselves, if they give one (RFC 9207 §2.4)", async () => {
      gitHub.responseIssuer = `${gitHub.issuer}/login/oauth`;
      expect((await signIn()).page.url.searchParams.get("code")).to.be.a("string");
      gitHub.responseIssuer = "https://evil.example.com";
      await signIn();
      expect(lastSignIn()).to.include({ outcome: "failure", reason: "upstream_invalid" });
      gitHub.responseIssuer = undefined;
    });

    it("sign nobody in who has no id there, or one that is no exact number", async () => {
      const { user } = gitHub;
      for (const id of [undefined, null, 2 ** 60, "", { id: 1 }]) {
        gitHub.user = { ...user, id };
        await signIn();
        expect(lastSignIn()).to.include({ outcome: "failure", reason: "upstream_invalid" });
      }
      gitHub.user = user;
    });

    it("can be tried: credentials and redirect URI, though they answer 200 to what they refuse", async () => {
      const provider = await server.app.upstreamProviders.find("github");
      if (provider === undefined) throw new Error("there is no provider");
      const levels = async (secret: string) => {
        const sealedClientSecret = server.app.sealUpstreamSecret("github", secret);
        const findings = await server.app.diagnoseProvider({ ...provider, sealedClientSecret });
        return findings.map(({ level }) => level);
      };
      expect(await levels(gitHub.clientSecret)).to.deep.equal(["good", "good", "good"]);
      expect(await levels("wrong")).to.deep.equal(["good", "problem", "good"]);
    });

    it("are told apart from a wrong secret, though they answer 200", async () => {
      await server.app.upstreamProviders.update("github", () => ({
        sealedClientSecret: server.app.sealUpstreamSecret("github", "wrong"),
      }));
      const agent = createUserAgent(server.issuer);
      const there = await goToUpstream(agent, (await party.begin()).url, "github");
      await agent.open(await gitHub.signInAs(GRACE, there));
      expect(lastSignIn()).to.include({ outcome: "failure", reason: "upstream_rejects_us" });
      await server.app.upstreamProviders.update("github", () => ({
        sealedClientSecret: server.app.sealUpstreamSecret("github", gitHub.clientSecret),
      }));
    });

    it("are no way in where the application demands a fresh sign-in, which nobody can prove there", async () => {
      for (const demand of [{ prompt: "login" }, { max_age: "60" }]) {
        const agent = createUserAgent(server.issuer);
        const login = await agent.open((await party.begin(demand)).url);
        const page = await agent.open(`${login.url.href}/upstream/github`);
        expect(page.status).to.equal(400);
        expect(lastSignIn()).to.include({ outcome: "failure", reason: "freshness_unsupported" });
      }
    });
  });
});
