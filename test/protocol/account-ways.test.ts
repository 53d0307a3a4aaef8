import { expect } from "chai";
import { identityHandle } from "../../src/http/account/identity-acts.js";
import { laterBy } from "../support/shift-time.js";
import { createTestClient } from "../support/test-client.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { PASSWORD, startTestServer, type TestServer } from "../support/test-server.js";
import { addUpstream } from "../support/upstreams/add-upstream.js";
import { startBareProvider } from "../support/upstreams/bare-oidc-provider.js";
import type { KillableUpstream, UpstreamPerson } from "../support/upstreams/upstream.js";
import { goToUpstream } from "../support/upstreams/walk.js";
import { createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

const names = ["one", "two", "three", "four", "five", "six", "seven", "stranger"];
const PEOPLE: readonly UpstreamPerson[] = names.map((username) => ({
  username,
  password: "whatever the provider takes",
  name: `${username} Example`,
  email: `${username}@example.com`,
  emailVerified: true,
}));

describe("ways to sign in, on the account's pages (SE-07)", () => {
  let server: TestServer;
  let upstreams: Record<"corp" | "other", KillableUpstream>;
  let party: RelyingParty;

  before(async () => {
    server = await startTestServer({ environment: { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1" } });
    const start = (providerId: string) =>
      startBareProvider({ relyingParty: server.issuer, providerId, people: PEOPLE });
    upstreams = { corp: await start("corp"), other: await start("other") };
    await addUpstream(server, upstreams.corp, { id: "corp", displayName: "Corp" });
    await addUpstream(server, upstreams.other, { id: "other", displayName: "Other" });
    party = await connect(server, await createTestClient(server, {}, { firstParty: true }));
  });

  after(async () => {
    await Promise.all(Object.values(upstreams).map((upstream) => upstream.stop()));
    await server.close();
  });

  type ProviderId = keyof typeof upstreams;

  const browser = () => createUserAgent(server.issuer);
  const at = (path: string) => `${server.issuer}/account${path}`;

  function find(username: string): UpstreamPerson {
    const found = PEOPLE.find((each) => each.username === username);
    if (found === undefined) throw new Error(username);
    return found;
  }

  /** Somebody with a password, signed in at the account. */
  async function withPassword(username: string): Promise<UserAgent> {
    await server.app.createAccount({ username, password: PASSWORD });
    const agent = browser();
    const login = await agent.open(at("/security"));
    const fields = { identifier: username, password: PASSWORD };
    await agent.submit(login, fields, { action: /\/sign-in$/ });
    return agent;
  }

  async function returnFrom(
    agent: UserAgent,
    page: Page,
    { who, id }: { who: string; id: ProviderId },
  ): Promise<Page> {
    if (page.status !== 303) throw new Error(`not sent away: ${page.url.href} ${page.html}`);
    return agent.open(await upstreams[id].signInAs(find(who), page.url));
  }

  async function connectWith(agent: UserAgent, who: string, id: ProviderId = "corp") {
    const asked = await returnFrom(agent, await agent.open(at(`/upstream/${id}`)), { who, id });
    return agent.submit(asked, { act: "link" }, { action: /\/acts$/ });
  }

  /** Somebody who has no password, signed in to an application through a provider. */
  async function throughProvider(who: string, id: ProviderId = "corp"): Promise<UserAgent> {
    const agent = browser();
    const there = await goToUpstream(agent, (await party.begin()).url, id);
    await agent.open(await upstreams[id].signInAs(find(who), there));
    return agent;
  }

  async function identitiesOf(username: string) {
    const record = await server.app.accounts.findForSignIn(username);
    if (record === undefined) throw new Error(`no ${username}`);
    return server.app.federatedIdentities.listOfAccount(record.account.id);
  }

  const remove = (agent: UserAgent, page: Page, fields: Record<string, string> = {}) =>
    agent.submit(page, { act: "unlink", ...fields }, { action: /\/acts$/ });
  const noticeOf = (page: Page) => /role="status">.*?<span>([^<]*)/s.exec(page.html)?.[1] ?? "";
  const lastAudit = (event: string) =>
    server.logs.findLast((line) => line["audit"] === true && line["event"] === event);

  it("connects a provider after a look at both, and signs in through it from then on", async () => {
    const agent = await withPassword("lisa");
    const left = await agent.open(at("/upstream/corp"));
    const asked = await returnFrom(agent, left, { who: "one", id: "corp" });
    expect(asked.html)
      .to.contain("Connect Corp?")
      .and.contain("one@example.com")
      .and.contain("lisa");
    expect(await identitiesOf("lisa")).to.deep.equal([]);
    const done = await agent.submit(asked, { act: "link" }, { action: /\/acts$/ });
    expect(noticeOf(done)).to.equal("You can sign in with Corp now.");
    expect(done.html).to.contain("one@example.com").and.not.contain("Connect Corp");
    expect(lastAudit("identity.linked")).to.include({ outcome: "success", by: "account" });

    const elsewhere = browser();
    const login = await elsewhere.open(at(""));
    expect(login.html).to.contain("Continue with Corp");
    const back = await returnFrom(
      elsewhere,
      await elsewhere.open(at("/sign-in/upstream/corp?to=security")),
      {
        who: "one",
        id: "corp",
      },
    );
    expect(back.url.pathname).to.equal("/account/security");
    expect(back.html).to.contain("lisa");
  });

  it("connects nothing that belongs to another account, and says so", async () => {
    await connectWith(await withPassword("owner"), "two");
    const agent = await withPassword("other-person");
    const page = await returnFrom(agent, await agent.open(at("/upstream/corp")), {
      who: "two",
      id: "corp",
    });
    expect(page.status).to.equal(403);
    expect(page.html).to.contain("is connected already").and.not.contain("owner");
    expect(await identitiesOf("other-person")).to.deep.equal([]);
  });

  it("connects nothing for whoever is signed in by the time of the return", async () => {
    const agent = await withPassword("first-tab");
    const left = await agent.open(at("/upstream/corp"));
    const login = await agent.open(at("/sign-in"));
    await server.app.createAccount({ username: "second-tab", password: PASSWORD });
    const fields = { identifier: "second-tab", password: PASSWORD };
    await agent.submit(login, fields, { action: /\/sign-in$/ });
    const page = await returnFrom(agent, left, { who: "three", id: "corp" });
    expect(page.status).to.equal(400);
    for (const username of ["first-tab", "second-tab"]) {
      expect(await identitiesOf(username)).to.deep.equal([]);
    }
  });

  it("connects nothing by an offer of another session, or without its form (login CSRF)", async () => {
    const attacker = await withPassword("attacker");
    const offer = await returnFrom(attacker, await attacker.open(at("/upstream/corp")), {
      who: "stranger",
      id: "corp",
    });
    const victim = await withPassword("victim");
    const opened = await victim.open(offer.url);
    expect(opened.url.pathname).to.equal("/account/security");
    const link = String(offer.url.searchParams.get("link"));
    const form = await connectablePage(victim);
    const done = await victim.submit(form, { act: "link", link }, { action: /\/acts$/ });
    expect(noticeOf(done)).to.match(/^Nothing was connected/);
    const forged = await victim.submit(offer, { act: "link" }, { action: /\/acts$/ });
    expect(noticeOf(forged)).to.match(/^Nothing was done/);
    expect(await identitiesOf("victim")).to.deep.equal([]);
  });

  /** Any page of the account has a form to its acts or one that can be made to lead there. */
  async function connectablePage(agent: UserAgent): Promise<Page> {
    const page = await agent.open(at("/security"));
    return { ...page, html: page.html.replaceAll("/account/sign-out", "/account/acts") };
  }

  it("refuses to connect people of domains that the provider's rule keeps out", async () => {
    const agent = await withPassword("domain");
    await server.app.upstreamProviders.update("corp", () => ({ allowedDomains: ["acme.test"] }));
    const page = await returnFrom(agent, await agent.open(at("/upstream/corp")), {
      who: "three",
      id: "corp",
    });
    await server.app.upstreamProviders.update("corp", () => ({ allowedDomains: [] }));
    expect(page.status).to.equal(403);
    expect(await identitiesOf("domain")).to.deep.equal([]);
  });

  it("removes a provider while a password remains", async () => {
    const agent = await withPassword("remover");
    const page = await connectWith(agent, "three");
    const done = await remove(agent, page);
    expect(noticeOf(done)).to.equal("Corp no longer signs you in.");
    expect(lastAudit("identity.unlinked")).to.include({ outcome: "success", provider: "corp" });
    expect(await identitiesOf("remover")).to.deep.equal([]);
  });

  it("never removes the last way in, by no form and not by two at once", async () => {
    const agent = await throughProvider("four");
    const alone = await agent.open(at("/security"));
    expect(alone.html).to.contain("without it you could not sign in");
    expect(alone.html).to.not.contain('value="unlink"');
    const both = await connectWith(agent, "four", "other");
    const handles = [...both.html.matchAll(/name="identity" value="([^"]+)"/g)].map(([, h]) => h);
    expect(handles).to.have.length(2);
    const pages = await Promise.all(
      handles.map((identity = "") => remove(agent, both, { identity })),
    );
    expect(pages.every(({ status }) => status === 200)).to.equal(true);
    const left = await identitiesOf("four@example.com");
    expect(left).to.have.length(1);
    for (const identity of handles) await remove(agent, both, { identity: identity ?? "" });
    expect(await identitiesOf("four@example.com")).to.have.length(1);
  });

  it("counts no provider that is switched off, and no password beside the only way in", async () => {
    const agent = await throughProvider("five");
    const both = await connectWith(agent, "five", "other");
    await server.app.upstreamProviders.update("other", () => ({ disabled: true }));
    const page = await agent.open(at("/security"));
    expect(page.html).to.contain("Not in use here").and.contain("without it you could not sign in");
    const linked = await identitiesOf("five@example.com");
    const corp = linked.find(({ provider }) => provider === "corp");
    const identity = corp === undefined ? "" : identityHandle(corp);
    expect(noticeOf(await remove(agent, both, { identity }))).to.match(/^Nothing was removed/);
    await server.app.upstreamProviders.update("other", () => ({ disabled: false }));

    const local = await withPassword("local");
    const connected = await connectWith(local, "six");
    await server.app.upstreamProviders.update("corp", () => ({ only: true }));
    expect(noticeOf(await remove(local, connected))).to.match(/^Nothing was removed/);
    await server.app.upstreamProviders.update("corp", () => ({ only: false }));
    expect(await identitiesOf("local")).to.have.length(1);
  });

  it("asks for a fresh sign-in first, by password or through a connected provider", async () => {
    const agent = await withPassword("fresh");
    const page = await connectWith(agent, "seven");
    await laterBy(301, async () => {
      const asked = await remove(agent, page);
      expect(asked.url.pathname).to.equal("/account/confirm");
      expect(asked.html).to.contain("remove Corp").and.contain("Continue with Corp");
      expect(await identitiesOf("fresh")).to.have.length(1);
      const toConnect = await agent.open(at("/upstream/other"));
      expect(toConnect.url.pathname).to.equal("/account/confirm");
      const ready = await agent.submit(toConnect, { password: PASSWORD }, { action: /\/confirm$/ });
      expect(noticeOf(ready)).to.contain("You can connect Other now");
      expect((await agent.open(at("/upstream/other"))).url.origin).to.equal(upstreams.other.issuer);
    });
  });

  it("takes the proof of the very account through a provider, and no other person's", async () => {
    const agent = await withPassword("proven");
    const page = await connectWith(agent, "one", "other");
    // As if the sign-in was long ago: the session says so.
    const asked = await laterBy(301, () => remove(agent, page));
    const href = /href="([^"]*\/confirm\/upstream\/other[^"]*)"/.exec(asked.html)?.[1] ?? "";
    const start = new URL(href.replaceAll("&amp;", "&"), asked.url);
    const wrong = await returnFrom(agent, await agent.open(start), { who: "two", id: "other" });
    expect(noticeOf(wrong)).to.match(/^Nothing was done/);
    expect(await identitiesOf("proven")).to.have.length(1);
    const right = await returnFrom(agent, await agent.open(start), { who: "one", id: "other" });
    expect(noticeOf(right)).to.equal("Other no longer signs you in.");
    expect(await identitiesOf("proven")).to.deep.equal([]);
  });
});
