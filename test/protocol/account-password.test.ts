import { expect } from "chai";
import { createPerson, noticeOf, openAccount } from "../support/account-browser.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { laterBy } from "../support/shift-time.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import type { Page, UserAgent } from "../support/user-agent.js";

const NEW_PASSWORD = "another long passphrase entirely";

describe("the password on the account's pages (AU-06)", () => {
  let server: TestServer;
  let rp: RelyingParty;
  before(async () => {
    server = await startTestServer();
    rp = await connect(server, await createTestClient(server, { client_name: "Notes" }));
  });
  after(() => server.close());

  const change = (agent: UserAgent, page: Page, fields: Record<string, string>) =>
    agent.submit(page, fields, { action: /\/password$/ });
  const isIn = async (agent: UserAgent) =>
    (await agent.open(`${server.issuer}/account/security`)).url.pathname === "/account/security";
  const canSignIn = async (username: string, password: string) => {
    const { page } = await openAccount(server, { username, password });
    return page.url.pathname === "/account/security";
  };

  it("is changed by the present one: here one stays signed in, everything else ends", async () => {
    const person = await createPerson(server);
    const there = await signInWith({ ...server, ...person }, rp, {
      parameters: { scope: "openid offline_access", prompt: "consent" },
    });
    const { agent, page } = await openAccount(server, person, "/password");
    expect(page.html).to.include('autocomplete="new-password"').and.include('name="username"');
    const done = await change(agent, page, {
      password: person.password,
      "new-password": NEW_PASSWORD,
    });
    expect(noticeOf(done)).to.include("Your password is saved.");
    expect(await isIn(agent)).to.equal(true);
    expect(await isIn(there.agent)).to.equal(false);
    const refused = await rp.refresh(there.tokens.refresh_token ?? "").catch(String);
    expect(refused).to.be.a("string");
    expect(await canSignIn(person.username, person.password)).to.equal(false);
    expect(await canSignIn(person.username, NEW_PASSWORD)).to.equal(true);
    const audited = server.logs.findLast((line) => line["action"] === "set-password");
    expect(audited).to.include({ by: "account", outcome: "success", accountId: person.accountId });
  });

  it("stays as it is when the present one is wrong or the new one is weak, with 422", async () => {
    const person = await createPerson(server);
    const { agent, page } = await openAccount(server, person, "/password");
    const wrong = await change(agent, page, { password: "not it", "new-password": NEW_PASSWORD });
    expect(wrong.status).to.equal(422);
    expect(wrong.html).to.include("The current password is not right");
    expect(wrong.html).to.match(/<title>Error: /);
    const weak = await change(agent, page, { password: person.password, "new-password": "short" });
    expect(weak.status).to.equal(422);
    expect(weak.html).to.include('id="new-password-error"').and.not.include('value="short"');
    expect(await canSignIn(person.username, person.password)).to.equal(true);
  });

  it("is set for an account that has none, after a fresh sign-in", async () => {
    const person = await createPerson(server);
    const { agent } = await openAccount(server, person);
    await server.database
      .knex("password_credential")
      .where("account_id", person.accountId)
      .delete();
    const stale = await laterBy(301, () => agent.open(`${server.issuer}/account/password`));
    expect(stale.url.pathname).to.equal("/account/confirm");
    const page = await agent.open(`${server.issuer}/account/password`);
    expect(page.html).to.not.include('autocomplete="current-password"');
    const late = await laterBy(301, () => change(agent, page, { "new-password": NEW_PASSWORD }));
    expect(late.url.pathname).to.equal("/account/confirm");
    await change(agent, page, { "new-password": NEW_PASSWORD });
    expect(await canSignIn(person.username, NEW_PASSWORD)).to.equal(true);
  });
});
