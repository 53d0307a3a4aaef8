import { expect } from "chai";
import { createPerson, noticeOf, openAccount } from "../support/account-browser.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import type { Page, UserAgent } from "../support/user-agent.js";

describe("personal data on the account's pages (AU-06)", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({
      environment: { PROFILE_CLAIMS: "name,nickname,birthdate,address" },
    });
  });
  after(() => server.close());

  const save = (agent: UserAgent, page: Page, fields: Record<string, string>) =>
    agent.submit(page, fields, { action: /\/profile$/ });
  const profileOf = async (username: string) =>
    (await server.app.accounts.findForSignIn(username))?.account.profile;

  it("are changed, and only those that the operator lets people change", async () => {
    const person = await createPerson(server);
    const { agent, page } = await openAccount(server, person, "/profile");
    expect(page.html).to.not.include('name="website"');
    const done = await save(agent, page, {
      name: " Ada Example ",
      "address-country": "Germany",
      website: "https://example.com/",
    });
    expect(noticeOf(done)).to.equal("Your personal data are saved.");
    expect(await profileOf(person.username)).to.deep.equal({
      name: "Ada Example",
      address: { country: "Germany" },
    });
    expect(server.logs.findLast((line) => line["action"] === "profile")).to.deep.include({
      changed: ["name", "address.country"],
      by: "account",
    });
  });

  it("that are wrong are told of beside their field, with what was typed, and nothing is saved", async () => {
    const person = await createPerson(server);
    const { agent, page } = await openAccount(server, person, "/profile");
    const answer = await save(agent, page, { name: "Ada", birthdate: "yesterday" });
    expect(answer.status).to.equal(422);
    expect(answer.html).to.include('id="birthdate-error"').and.include('value="yesterday"');
    expect(await profileOf(person.username)).to.deep.equal({});
  });

  it("of two tabs are both saved, and of one field the later is told first", async () => {
    const person = await createPerson(server);
    const { agent, page: one } = await openAccount(server, person, "/profile");
    const two = await agent.open(one.url);
    await save(agent, one, { name: "Ada One" });
    await save(agent, two, { nickname: "ada" });
    expect(await profileOf(person.username)).to.deep.equal({ name: "Ada One", nickname: "ada" });
    const conflict = await save(agent, two, { name: "Ada Two" });
    expect(conflict.status).to.equal(422);
    expect(conflict.html).to.include("Ada One").and.include('value="Ada Two"');
    await save(agent, conflict, { name: "Ada Two" });
    expect(await profileOf(person.username)).to.deep.equal({
      name: "Ada Two",
      nickname: "ada",
    });
  });
});
