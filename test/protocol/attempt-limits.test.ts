import { expect } from "chai";
import { unlockAccount } from "../../src/commands/account-commands.js";
import {
  createChallenge,
  createDirectClient,
  membersOf,
  postJson,
} from "../support/first-party.js";
import { oauthErrorOf } from "../support/raw-request.js";
import { sendMetadata } from "../support/registration-endpoint.js";
import { connect } from "../support/relying-party-libraries.js";
import { createMachineClient, createTestClient, type TestClient } from "../support/test-client.js";
import { PASSWORD, startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";
import { createUserAgent, type Page, type UserAgent } from "../support/user-agent.js";

/** The way in of people who come to their account. */
async function signInAtAccount(agent: UserAgent, issuer: string, fields: Record<string, string>) {
  const page = await agent.open(`${issuer}/account/sign-in`);
  return agent.submit(page, fields, { action: /\/sign-in$/ });
}

describe("limits on attempts", () => {
  let server: TestServer;
  let client: TestClient;
  let nextAddress = 1;
  before(async () => {
    server = await startTestServer({
      environment: { TRUST_PROXY: "true", OPEN_REGISTRATION: "true" },
    });
    client = await createDirectClient(server);
  });
  after(() => server.close());

  const newAddress = () => `198.51.100.${nextAddress++}`;
  const newAgent = (address = newAddress()) => createUserAgent(server.issuer, { address });

  async function newPerson() {
    const username = `person-${nextAddress++}`;
    const account = await server.app.createAccount({
      username,
      email: `${username}@example.com`,
      password: PASSWORD,
    });
    return { username, id: account.id };
  }

  async function fail(username: string, address: string, times: number): Promise<Page[]> {
    const agent = newAgent(address);
    const answers = [];
    for (let time = 0; time < times; time += 1) {
      const fields = { identifier: username, password: "wrong" };
      answers.push(await signInAtAccount(agent, server.issuer, fields));
    }
    return answers;
  }

  const reasonsSince = (index: number) =>
    server.logs
      .slice(index)
      .filter(({ event }) => event === "sign_in")
      .map(({ reason }) => reason);

  it("answers 429 with Retry-After in the same form, which keeps what was typed (RFC 6585 §4)", async () => {
    const { username } = await newPerson();
    const address = newAddress();
    const answers = await fail(username, address, 5);
    expect(answers.map(({ status }) => status)).to.deep.equal([422, 422, 422, 422, 422]);
    const from = server.logs.length;
    const relyingParty = await connect(server, await createTestClient(server));
    const agent = newAgent(address);
    const login = await agent.open((await relyingParty.begin()).url);
    const fields = { identifier: username, password: PASSWORD, keep: "yes" };
    const answer = await agent.submit(login, fields, { action: /\/login$/ });
    expect(answer.status).to.equal(429);
    expect(Number(answer.headers.get("Retry-After"))).to.be.within(55, 60);
    expect(answer.html).to.include(`value="${username}"`).and.not.include(PASSWORD);
    expect(reasonsSince(from)).to.deep.equal(["too_many_attempts"]);
  });

  it("has one counter for every way in and every spelling", async () => {
    const { username } = await newPerson();
    const address = newAddress();
    await fail(username, address, 2);
    await fail(` ${username.toUpperCase()}`, address, 1);
    const headers = { "X-Forwarded-For": address };
    const wrong = { username, password: "wrong" };
    const login = () => postJson(`${server.issuer}/login`, wrong, { client, headers });
    expect((await login()).status).to.equal(400);
    const { parameters } = createChallenge();
    const challenge = () =>
      postJson(
        `${server.issuer}/authorize-challenge`,
        { ...wrong, ...parameters, response_type: "code" },
        { client, headers },
      );
    expect((await challenge()).status).to.equal(400);
    for (const answer of [await login(), await challenge()]) {
      expect([answer.status, oauthErrorOf(answer)]).to.deep.equal([429, "temporarily_unavailable"]);
      expect(Number(answer.headers["retry-after"])).to.be.within(50, 60);
    }
    expect((await fail(username, address, 1))[0]?.status).to.equal(429);
  });

  it("answers the same for an account that is not there (ASVS 6.3.8)", async () => {
    const { username } = await newPerson();
    const there = await fail(username, newAddress(), 6);
    const absent = await fail("nobody-here", newAddress(), 6);
    const shape = ({ status, html }: Page) => [status, /role="alert".*?<\/div>/s.exec(html)?.[0]];
    expect(absent.map(shape)).to.deep.equal(there.map(shape));
  });

  it("lets a stranger's failures hold up nobody elsewhere (ASVS 6.1.1)", async () => {
    const { username } = await newPerson();
    await fail(username, newAddress(), 8);
    const owner = await signInAtAccount(newAgent(), server.issuer, {
      identifier: username,
      password: PASSWORD,
    });
    expect(owner.status).to.equal(200);
  });

  it("forgets the failures of a person who then succeeds", async () => {
    const { username } = await newPerson();
    const address = newAddress();
    await fail(username, address, 4);
    const right = { identifier: username, password: PASSWORD };
    expect((await signInAtAccount(newAgent(address), server.issuer, right)).status).to.equal(200);
    const again = await fail(username, address, 4);
    expect(again.map(({ status }) => status)).to.deep.equal([422, 422, 422, 422]);
  });

  it("lets an operator unlock an account", async () => {
    const { username } = await newPerson();
    const address = newAddress();
    await fail(username, address, 6);
    await unlockAccount(server.app, `${username}@example.com`);
    expect((await fail(username, address, 1))[0]?.status).to.equal(422);
  });

  it("counts the addresses of an IPv6 /64 as one, and those of others not", async () => {
    const { username } = await newPerson();
    for (let host = 1; host <= 5; host += 1) await fail(username, `2001:db8:1:2::${host}`, 1);
    const status = async (address: string) => (await fail(username, address, 1))[0]?.status;
    expect(await status("2001:db8:1:2:ffff::9")).to.equal(429);
    expect(await status("2001:db8:1:3::1")).to.equal(422);
  });

  describe("a device that signed in before", () => {
    const right = (username: string) => ({ identifier: username, password: PASSWORD });

    async function knownDevice(username: string): Promise<UserAgent> {
      const device = newAgent();
      await signInAtAccount(device, server.issuer, right(username));
      // Only what it is known by stays.
      const known = device.cookies.filter(({ name }) => name === "latchkey_device");
      expect(known).to.have.length(1);
      device.cookies.splice(0, device.cookies.length, ...known);
      return device;
    }

    async function attack(username: string): Promise<void> {
      for (let bot = 0; bot < 22; bot += 1) await fail(username, newAddress(), 1);
      const stranger = await fail(username, newAddress(), 1);
      expect(stranger[0]?.status).to.equal(429);
    }

    it("signs in while its account is under attack from everywhere, and is told of it once", async () => {
      const { username, id } = await newPerson();
      const device = await knownDevice(username);
      await attack(username);
      const answer = await signInAtAccount(device, server.issuer, right(username));
      expect(answer.status).to.equal(200);
      const limited = server.logs.filter(
        ({ event, accountId, by }) =>
          event === "attempts.limited" && accountId === id && by === "subject",
      );
      expect(limited).to.have.length(1);
    });

    it("names no account in its cookie, and another id after each sign-in", async () => {
      const { username, id } = await newPerson();
      const device = await knownDevice(username);
      const [before] = device.cookies;
      expect(before?.value)
        .to.match(/^v1\.[\w-]+$/)
        .and.not.include(id);
      await signInAtAccount(device, server.issuer, right(username));
      expect(device.cookies.find(({ name }) => name === "latchkey_device")?.value).not.to.equal(
        before?.value,
      );
    });

    it("has to wait for its own failures", async () => {
      const { username } = await newPerson();
      const device = await knownDevice(username);
      const statuses = [];
      for (let time = 0; time < 11; time += 1) {
        const fields = { identifier: username, password: "wrong" };
        statuses.push((await signInAtAccount(device, server.issuer, fields)).status);
      }
      expect(statuses).to.deep.equal([...Array.from({ length: 10 }, () => 422), 429]);
    });

    it("is known no more when the password is another, and for no other account", async () => {
      const { username, id } = await newPerson();
      const device = await knownDevice(username);
      const other = await newPerson();
      await attack(other.username);
      const elsewhere = await signInAtAccount(device, server.issuer, right(other.username));
      expect(elsewhere.status).to.equal(429);
      await server.app.setPassword(id, PASSWORD);
      await attack(username);
      expect((await signInAtAccount(device, server.issuer, right(username))).status).to.equal(429);
    });
  });

  it("holds up guesses at user codes, not those who type them right (RFC 8628 §5.1)", async () => {
    const agent = newAgent();
    const statuses = [];
    for (let time = 0; time < 11; time += 1) {
      const page = await agent.open(`${server.issuer}/device`);
      statuses.push((await agent.submit(page, { user_code: "WRNG-CDXX" })).status);
    }
    expect(statuses.slice(0, 10)).to.deep.equal(Array.from({ length: 10 }, () => 422));
    expect(statuses[10]).to.equal(429);
    const tv = await createTestClient(server, {
      grant_types: ["urn:ietf:params:oauth:grant-type:device_code"],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: "none",
    });
    const device = await (await connect(server, tv)).startDevice();
    const other = newAgent();
    for (let time = 0; time < 12; time += 1) {
      const page = await other.open(`${server.issuer}/device`);
      const right = await other.submit(page, { user_code: device.user_code });
      expect(right.html).to.include("Is this your device?");
    }
  });

  it("holds up whoever registers client after client", async () => {
    const statuses = [];
    for (let time = 0; time < 31; time += 1) {
      const metadata = { redirect_uris: ["https://rp.example.com/cb"] };
      const answer = await sendMetadata(`${server.issuer}/clients/register`, metadata);
      statuses.push(answer.status);
      if (answer.status === 429) {
        expect(oauthErrorOf(answer)).to.equal("temporarily_unavailable");
        expect(Number(answer.headers["retry-after"])).to.be.within(1, 60);
      }
    }
    expect(statuses).to.deep.equal([...Array.from({ length: 30 }, () => 201), 429]);
  });

  it("holds up clients that fail to authenticate, and nobody who has the right secret", async () => {
    const machine = await createMachineClient(server);
    const headers = { "X-Forwarded-For": newAddress() };
    const fields = { grant_type: "client_credentials" };
    const wrong = { ...machine, clientSecret: "wrong" };
    const statuses = [];
    for (const endpoint of ["/token", "/token/introspect", "/token/revoke", "/request"]) {
      for (let time = 0; time < 17; time += 1) {
        const answer = await postForm(server.issuer + endpoint, fields, { client: wrong, headers });
        statuses.push(answer.status);
        if (answer.status === 429) {
          expect(membersOf(answer)["error"]).to.equal("temporarily_unavailable");
          expect(Number(answer.headers["retry-after"])).to.be.within(1, 10);
        }
      }
    }
    // One is forgiven every ten seconds.
    const first = statuses.indexOf(429);
    expect(first).to.be.within(60, 66);
    expect(new Set(statuses.slice(0, first))).to.deep.equal(new Set([401]));
    expect(new Set(statuses.slice(first))).to.deep.equal(new Set([429]));
    const right = await postForm(`${server.issuer}/token`, fields, { client: machine, headers });
    expect(right.status).to.equal(200);
  });
});
