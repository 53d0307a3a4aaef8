import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { connect } from "../support/relying-party-libraries.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent } from "../support/user-agent.js";

const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
const ANSWERS: Record<string, [type: string, body: string]> = {
  "/logo.svg": ["image/svg+xml", SVG],
  "/page.png": ["image/png", "<html><script>alert(1)</script></html>"],
  "/big.svg": ["image/svg+xml", SVG + " ".repeat(70_000)],
};

describe("logos of clients (OpenID Connect Registration §2)", () => {
  let server: TestServer;
  let origin: string;
  let host: Server;
  const asked: string[] = [];

  before(async () => {
    host = createServer((request, response) => {
      const { url = "" } = request;
      asked.push(url);
      const [type, body] = ANSWERS[url] ?? ["text/plain", ""];
      if (url === "/moved.svg") response.writeHead(302, { Location: "/logo.svg" });
      else response.writeHead(body === "" ? 404 : 200, { "Content-Type": type });
      response.end(body);
    });
    host.listen(0, "127.0.0.1");
    await new Promise((resolve) => host.once("listening", resolve));
    origin = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
    server = await startTestServer({ environment: { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1" } });
  });

  after(async () => {
    await server.close();
    host.close();
  });

  /** The address of the picture on the login page; undefined when it shows none. */
  async function shownLogo(target: TestServer, logoUri: string): Promise<string | undefined> {
    const rp = await connect(target, await createTestClient(target, { logo_uri: logoUri }));
    const { html } = await createUserAgent(target.issuer).open((await rp.begin({})).url);
    expect(html).to.not.include(logoUri);
    return /<p class="client-logo"><img src="([^"]+)" alt="">/.exec(html)?.[1];
  }

  async function open(logoUri: string): Promise<Response> {
    return fetch(server.issuer + (await shownLogo(server, logoUri)));
  }

  it("come from here, are fetched once, and run nothing", async () => {
    const path = await shownLogo(server, `${origin}/logo.svg`);
    expect(path).to.match(/^\/client-logos\//);
    const responses = await Promise.all([1, 2, 3].map(() => fetch(server.issuer + path)));
    for (const response of responses) {
      expect(response.status).to.equal(200);
      expect(response.headers.get("Content-Type")).to.equal("image/svg+xml");
      expect(response.headers.get("Content-Security-Policy")).to.match(
        /default-src 'none'.*sandbox/,
      );
      expect(response.headers.get("X-Content-Type-Options")).to.equal("nosniff");
      expect(await response.text()).to.equal(SVG);
    }
    expect(asked.filter((url) => url === "/logo.svg")).to.have.length(1);
  });

  for (const [path, what] of [
    ["/page.png", "is a page that calls itself a picture"],
    ["/big.svg", "is too large"],
    ["/moved.svg", "leads elsewhere, which could be a private address"],
    ["/none.png", "is not there"],
  ]) {
    it(`are left out when what is there ${what}, and not asked for again at once`, async () => {
      const first = await open(origin + path);
      expect(first.status).to.equal(404);
      expect(first.headers.get("Cache-Control")).to.equal("no-store");
      await open(origin + path);
      expect(asked.filter((url) => url === path)).to.have.length(1);
    });
  }

  it("are fetched from no private address that the operator did not name", async () => {
    const strict = await startTestServer();
    try {
      const path = await shownLogo(strict, `${origin}/logo.svg?strict`);
      expect((await fetch(strict.issuer + path)).status).to.equal(404);
      expect(asked).to.not.include("/logo.svg?strict");
    } finally {
      await strict.close();
    }
  });

  it("are none of a client that is not known, or has none", async () => {
    const { clientId } = await createTestClient(server);
    for (const id of [clientId, "nobody"]) {
      expect((await fetch(`${server.issuer}/client-logos/${id}`)).status).to.equal(404);
    }
  });
});
