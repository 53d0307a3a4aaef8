import { expect } from "chai";
import * as oauth from "oauth4webapi";
import { startTestServer, type TestServer } from "../support/test-server.js";

const ELSEWHERE = "https://api.example.com/orders";

for (const path of ["", "/sub/tenant"]) {
  describe(`protected resource metadata (RFC 9728) of an issuer at "${path || "/"}"`, () => {
    let server: TestServer;
    let origin: string;
    let here: string;
    before(async () => {
      server = await startTestServer({
        environment: path === "" ? {} : { ISSUER: `http://localhost:{port}${path}` },
      });
      ({ origin } = new URL(server.issuer));
      here = `${server.issuer}/orders`;
      const api = {
        name: "Orders",
        scopes: { "orders:read": "Read", "orders:write": "Write" },
        accessTokenFormat: "jwt" as const,
      };
      const { resourceServers } = server.app;
      const published = { ...api, publishMetadata: true };
      await resourceServers.create({ ...published, identifier: here });
      await resourceServers.create({ ...published, identifier: `${origin}/a?b=c`, scopes: {} });
      await resourceServers.create({ ...published, identifier: ELSEWHERE });
      await resourceServers.create({ ...api, identifier: `${server.issuer}/secret` });
    });
    after(() => server.close());

    const wellKnown = (identifier: string) => {
      const { pathname, search } = new URL(identifier);
      return `${origin}/.well-known/oauth-protected-resource${pathname}${search}`;
    };

    it("is found by a library where RFC 9728 §3.1 has it, and says what an API asks for", async () => {
      const insecure = { [oauth.allowInsecureRequests]: true };
      const response = await oauth.resourceDiscoveryRequest(new URL(here), insecure);
      expect(response.url).to.equal(wellKnown(here));
      expect(response.headers.get("Cache-Control")).to.equal("public, max-age=300");
      expect(response.headers.get("Access-Control-Allow-Origin")).to.equal("*");
      const metadata = await oauth.processResourceDiscoveryResponse(new URL(here), response);
      expect(metadata).to.deep.equal({
        resource: here,
        resource_name: "Orders",
        authorization_servers: [server.issuer],
        scopes_supported: ["orders:read", "orders:write"],
        bearer_methods_supported: ["header"],
        dpop_signing_alg_values_supported: ["ES256", "EdDSA"],
      });
    });

    it("keeps a query of the identifier (§3.1)", async () => {
      const found = await fetch(wellKnown(`${origin}/a?b=c`));
      expect(await found.json()).to.include({ resource: `${origin}/a?b=c` });
      expect((await fetch(wellKnown(`${origin}/a`))).status).to.equal(404);
    });

    it("is at an address that names the API where that is at another host, for its challenges (§5.1)", async () => {
      const url = new URL(`${server.issuer}/protected-resource-metadata`);
      url.searchParams.set("resource", ELSEWHERE);
      const found = await fetch(url);
      expect(found.headers.get("Cache-Control")).to.equal("public, max-age=300");
      expect(await found.json()).to.include({ resource: ELSEWHERE });
      url.searchParams.set("resource", "https://api.example.com/unknown");
      expect((await fetch(url)).status).to.equal(404);
      url.searchParams.append("resource", ELSEWHERE);
      expect((await fetch(url)).status, "two").to.equal(404);
    });

    it("tells nothing of an API that does not want that, as of one that is not there", async () => {
      const [secret, absent] = await Promise.all(
        ["secret", "absent"].map(async (name) => {
          const response = await fetch(wellKnown(`${server.issuer}/${name}`));
          expect(response.headers.get("Cache-Control")).to.not.include("public");
          return { status: response.status, body: await response.text() };
        }),
      );
      expect(secret).to.deep.equal(absent);
      expect(secret?.status).to.equal(404);
    });

    it("lets pages with headers of their own ask (Fetch §3.2)", async () => {
      const response = await fetch(wellKnown(here), { method: "OPTIONS" });
      expect(response.status).to.equal(204);
      expect(response.headers.get("Access-Control-Allow-Headers")).to.equal("*");
      expect((await fetch(wellKnown(here), { method: "POST" })).status).to.equal(404);
    });

    it("is announced in the server's own metadata (§4)", async () => {
      const issuer = new URL(server.issuer);
      for (const algorithm of ["oidc", "oauth2"] as const) {
        const options = { algorithm, [oauth.allowInsecureRequests]: true };
        const response = await oauth.discoveryRequest(issuer, options);
        const metadata = await oauth.processDiscoveryResponse(issuer, response);
        expect(metadata["protected_resources"]).to.have.members([
          here,
          `${origin}/a?b=c`,
          ELSEWHERE,
        ]);
      }
    });
  });
}
