import { expect } from "chai";
import { createClient, showClient, updateClient } from "../../src/commands/client-commands.js";
import { connect } from "../support/relying-party-libraries.js";
import { rejectionOf } from "../support/stores-rejection.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent } from "../support/user-agent.js";

describe("a client's colour", () => {
  let server: TestServer;

  before(async () => {
    server = await startTestServer();
  });

  after(() => server.close());

  /** The addresses of the stylesheets on the client's sign-in page, in their order. */
  async function sheetsOf(client: Awaited<ReturnType<typeof createTestClient>>) {
    const rp = await connect(server, client);
    const { html } = await createUserAgent(server.issuer).open((await rp.begin({})).url);
    return Array.from(html.matchAll(/<link rel="stylesheet" href="([^"]+)">/g), ([, href]) => href);
  }

  it("is the accent of its own pages alone, by a sheet from here after the main one", async () => {
    const client = await createTestClient(server);
    const other = await createTestClient(server);
    const { text } = await updateClient(server.app, client.clientId, { color: "#1D4ED8" });
    expect(text).to.equal(`The pages about "${client.clientId}" are in #1d4ed8.`);

    const [main, own, ...more] = await sheetsOf(client);
    expect(main).to.match(/^\/assets\/latchkey\./);
    expect(own).to.match(/^\/client-colours\/1d4ed8\.css\?v=[\w-]{8}$/);
    expect(more).to.deep.equal([]);
    expect(await sheetsOf(other)).to.deep.equal([main]);

    const sheet = await fetch(server.issuer + own);
    expect(sheet.headers.get("Content-Type")).to.match(/^text\/css/);
    expect(sheet.headers.get("Cache-Control")).to.equal("public, max-age=31536000, immutable");
    const css = await sheet.text();
    expect(css).to.match(/^:root \{ --accent: #1d4ed8; /);
    expect(css).to.match(/\(prefers-color-scheme: dark\) \{ :root \{ --accent: #(?!1d4ed8)/);

    await updateClient(server.app, client.clientId, { defaultColor: true });
    expect(await sheetsOf(client)).to.deep.equal([main]);
    expect((await showClient(server.app, client.clientId)).data).to.include({ color: null });
  });

  it("is refused when it cannot be read, with the contrast in words", async () => {
    const { clientId } = await createTestClient(server);
    const refusal = (color: string) =>
      messageOfRejection(updateClient(server.app, clientId, { color }));
    expect(await refusal("#ffcc00")).to.match(/: accent #ffcc00 on paper .* contrast of 1\.38, /);
    expect(await refusal("teal")).to.equal('"teal" is no colour such as #0b6353.');
    const create = createClient(server.app, { ...SPA, colour: "#ffcc00" });
    expect(await messageOfRejection(create)).to.include("a contrast of 1.38");
  });

  for (const file of ["ffcc00.css", "1D4ED8.css", "1d4ed8", "1d4ed8;}.css", "..%2f1d4ed8.css"]) {
    it(`is at no address such as ${file}`, async () => {
      const response = await fetch(`${server.issuer}/client-colours/${file}`);
      expect(response.status).to.equal(404);
      expect(response.headers.get("Cache-Control")).to.equal("no-store");
    });
  }

  it("is out of reach of a registration (RFC 7591 §2)", async () => {
    const client = await createTestClient(server, { color: "#1d4ed8", colour: "#1d4ed8" });
    expect(await sheetsOf(client)).to.have.length(1);
  });
});

async function messageOfRejection(promise: Promise<unknown>): Promise<string> {
  const err = await rejectionOf(promise);
  return err instanceof Error ? err.message : String(err);
}

const SPA = {
  name: "Notes",
  type: "spa",
  redirectUris: ["https://notes.example.com/callback"],
  postLogoutRedirectUris: [],
  backchannelLogoutUri: undefined,
  firstParty: false,
  directSignIn: false,
  secondStep: false,
  resourceServer: undefined,
} as const;
