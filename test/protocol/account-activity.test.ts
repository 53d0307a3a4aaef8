import { expect } from "chai";
import { createPerson, openAccount } from "../support/account-browser.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type Page } from "../support/user-agent.js";

describe("what happened to an account (AU-06)", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const headings = ({ html }: Page) =>
    Array.from(html.matchAll(/<h2>([^<]*)/g), ([, found = ""]) => found.trim());

  async function fail(username: string, times: number): Promise<void> {
    for (let round = 0; round < times; round += 1) {
      await openAccount(server, { username, password: "not it" });
    }
  }

  it("is shown to its person, with device and coarse network, and to nobody else", async () => {
    const person = await createPerson(server);
    const other = await createPerson(server);
    const { agent } = await openAccount(server, person);
    await server.app.flushActivity();
    const page = await agent.open(`${server.issuer}/account/activity`);
    expect(headings(page)).to.deep.equal(["Signed in"]);
    expect(page.html).to.include("127.0.0.x").and.not.include(other.accountId);
    const stranger = createUserAgent(server.issuer);
    const login = await stranger.open(`${server.issuer}/account/activity`);
    expect(login.url.pathname).to.equal("/account/sign-in");
  });

  it("counts failed attempts instead of listing them", async () => {
    const person = await createPerson(server);
    await fail(person.username, 4);
    const { agent } = await openAccount(server, person);
    await server.app.flushActivity();
    const page = await agent.open(`${server.issuer}/account/activity`);
    expect(headings(page)).to.include("4 failed attempts to sign in");
    const rows = await server.database.knex("account_event").where("account_id", person.accountId);
    expect(rows.filter(({ kind }) => kind === "sign-in-failed")).to.have.length(1);
  });

  it("is paged, and an address that was made up shows the first page", async () => {
    const person = await createPerson(server);
    const { agent } = await openAccount(server, person);
    for (let round = 0; round < 30; round += 1) {
      server.app.audit({
        event: "recovery_codes.made",
        outcome: "success",
        accountId: person.accountId,
      });
    }
    await server.app.flushActivity();
    const first = await agent.open(`${server.issuer}/account/activity`);
    expect(headings(first)).to.have.length(25);
    const next = /href="([^"]*\?after=[^"]*)"/.exec(first.html)?.[1] ?? "";
    const second = await agent.open(server.issuer + next);
    expect(headings(second)).to.have.length(6);
    const forged = await agent.open(`${server.issuer}/account/activity?after=%27;drop`);
    expect(headings(forged)).to.deep.equal(headings(first));
  });

  it("is written before the server has closed", async () => {
    const own = await startTestServer();
    const { id } = await own.app.createAccount({ username: "late" });
    own.app.audit({ event: "recovery_codes.made", outcome: "success", accountId: id });
    await own.app.close();
    const rows = await own.database.knex("account_event").where("account_id", id);
    expect(rows).to.have.length(1);
    await own.close();
  });
});
