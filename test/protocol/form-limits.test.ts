import { expect } from "chai";
import { createPerson, openAccount } from "../support/account-browser.js";
import { laterBy } from "../support/shift-time.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

/** Forms that send mail or take a mailed code say in place when they have to wait. */
describe("limits on mailed codes", () => {
  let server: TestServer;
  let nextAddress = 1;
  before(async () => {
    server = await startTestServer({ environment: { TRUST_PROXY: "true" } });
  });
  after(() => server.close());

  const newAgent = () => createUserAgent(server.issuer, { address: `198.51.100.${nextAddress++}` });
  const newEmail = () => `person${nextAddress++}@example.com`;

  const askedFor = {
    "sign-up": async (agent: UserAgent, email: string) =>
      agent.submit(
        await agent.open(`${server.issuer}/sign-up`),
        { email },
        { action: /\/sign-up$/ },
      ),
    reset: async (agent: UserAgent, identifier: string) =>
      agent.submit(
        await agent.open(`${server.issuer}/reset`),
        { identifier },
        { action: /\/reset$/ },
      ),
  };

  const sendAgain = (agent: UserAgent, page: Page) =>
    agent.submit(page, {}, { action: /\/resend/ });
  const giveWrongCode = (agent: UserAgent, page: Page) =>
    agent.submit(page, { code: "00000000" }, { action: /\/code/ });
  /** What the page counts down from. */
  const secondsIn = ({ html }: Page) => Number(/data-resend-seconds="(\d+)"/.exec(html)?.[1] ?? 0);

  function expectRefused(page: Page, kept: string): void {
    expect(page.status).to.equal(429);
    expect(Number(page.headers.get("Retry-After"))).to.be.within(50, 60);
    expect(page.html).to.include("There were too many attempts").and.include(kept);
    expect(page.html).to.match(/<time data-until="\d+"/);
  }

  for (const [name, ask] of Object.entries(askedFor)) {
    describe(`at ${name}`, () => {
      it("answer 429 with Retry-After in the form that asks for the address, which stays", async () => {
        const agent = newAgent();
        const email = newEmail();
        for (let time = 0; time < 3; time += 1) {
          expect((await ask(agent, email)).html).to.include('name="code"');
        }
        expectRefused(await ask(agent, email), `value="${email}"`);
        expect((await ask(newAgent(), email)).html).to.include('name="code"');
      });

      it("tell when a new code can be sent: what the limit says, and nothing while it can", async () => {
        const agent = newAgent();
        const email = newEmail();
        const first = await ask(agent, email);
        expect(first.html).not.to.include("data-resend-seconds");
        const second = await sendAgain(agent, first);
        expect(second.html).to.include("We sent a new code").and.not.include("data-resend-seconds");
        const third = await sendAgain(agent, second);
        expect(secondsIn(third)).to.be.within(50, 60);
        expect(third.html).to.include("A new code can be sent from");
        const refused = await sendAgain(agent, third);
        expectRefused(refused, email);
        expect(refused.html).to.include('href="#resend"').and.include('name="code"');
        expect(secondsIn(refused)).to.be.within(1, secondsIn(third));
        await laterBy(secondsIn(refused), async () => {
          expect(secondsIn(await agent.open(third.url.href))).to.equal(0);
          const fourth = await sendAgain(agent, third);
          expect(secondsIn(fourth)).to.be.within(290, 300);
        });
      });

      it("answer 429 in the form for the code after ten that were wrong", async () => {
        const agent = newAgent();
        let page = await ask(agent, newEmail());
        for (let time = 0; time < 10; time += 1) {
          page = await giveWrongCode(agent, page);
          expect(page.status).to.equal(422);
        }
        const refused = await giveWrongCode(agent, page);
        expectRefused(refused, 'href="#code"');
        expect(refused.html).not.to.include('value="00000000"');
      });
    });
  }

  it("at the account's address answer in place, too", async () => {
    const person = await createPerson(server);
    const { agent, page } = await openAccount(server, person, "/email");
    const email = newEmail();
    let asked = await agent.submit(page, { email }, { action: /\/email$/ });
    expect(secondsIn(asked)).to.equal(0);
    for (let time = 0; time < 2; time += 1) asked = await sendAgain(agent, asked);
    expect(secondsIn(asked)).to.be.within(50, 60);
    const refused = await sendAgain(agent, asked);
    expectRefused(refused, email);
    expect(secondsIn(refused)).to.be.within(1, 60);
    const seen = await agent.open(refused.url.href);
    expect([seen.status, seen.url.pathname]).to.deep.equal([200, "/account/email/code"]);
    const other = await agent.open(`${server.issuer}/account/email`);
    const typed = newEmail();
    expectRefused(await agent.submit(other, { email: typed }, { action: /\/email$/ }), typed);
  });
});
