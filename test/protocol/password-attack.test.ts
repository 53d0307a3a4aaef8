import { expect } from "chai";
import { createPerson } from "../support/account-browser.js";
import { describeOnTwoNodes } from "../support/deployments.js";
import { givePasskey } from "../support/give-passkey.js";
import { answerPasskey } from "../support/passkey-forms.js";
import {
  addressOf,
  attackPasswords,
  createKnownDevice,
  signsIn,
} from "../support/password-attack.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent } from "../support/user-agent.js";

const environment = { TRUST_PROXY: "true" };

/** 120 guesses, the right one among them, from 30 addresses at one account; its owner comes meanwhile. */
async function attackOneAccount(server: TestServer) {
  const person = { issuer: server.issuer, ...(await createPerson(server)) };
  const { username, password, issuer } = person;
  const account = (await server.app.accounts.findForSignIn(username))?.account;
  if (account === undefined) throw new Error("nobody to attack");
  const authenticator = await givePasskey(server, account);
  const device = await createKnownDevice(person, "203.0.113.1");
  const guesses = Array.from({ length: 120 }, (_, index) => ({
    address: addressOf(index % 30),
    identifier: username,
    password: index === 60 ? password : `guess number ${index}`,
  }));

  const atKnownDevice = () => signsIn(device, person);
  const atNewDevice = (address: string) => signsIn(createUserAgent(issuer, { address }), person);
  async function byPasskey(address: string): Promise<boolean> {
    const agent = createUserAgent(issuer, { address });
    const page = await agent.open(`${issuer}/account/sign-in`);
    const { url } = await answerPasskey(agent, page, authenticator);
    return url.pathname === "/account/security";
  }

  const [{ statuses }, ...meanwhile] = await Promise.all([
    attackPasswords(server, guesses, 10),
    atKnownDevice(),
    byPasskey("203.0.113.2"),
  ]);
  return {
    statuses,
    meanwhile,
    afterwards: {
      atKnownDevice: await atKnownDevice(),
      byPasskey: await byPasskey("203.0.113.3"),
      byPasswordAtNewDevice: await atNewDevice("203.0.113.4"),
    },
  };
}

/** What it comes to, wherever it is counted. */
const DEFENDED = {
  statuses: { 422: 20, 429: 100 },
  meanwhile: [true, true],
  afterwards: { atKnownDevice: true, byPasskey: true, byPasswordAtNewDevice: false },
};

describe("an attack on passwords", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ environment });
  });
  after(() => server.close());

  it("gets 20 of 120 guesses from 30 addresses at one account checked; its owner gets in at a known device, and at a new one by passkey (ASVS 6.1.1, NIST SP 800-63B-4 §3.2.2)", async () => {
    expect(await attackOneAccount(server)).to.deep.equal(DEFENDED);
  });

  it("gets 100 of 120 guesses from one address at as many accounts checked", async () => {
    const guesses = Array.from({ length: 120 }, (_, index) => ({
      address: "203.0.113.66",
      identifier: `person-${index}@example.com`,
      password: "guess for everybody",
    }));
    const { statuses } = await attackPasswords(server, guesses, 10);
    expect(statuses).to.deep.equal({ 422: 100, 429: 20 });
  });
});

describeOnTwoNodes(
  "an attack on passwords at two nodes",
  (nodes) => {
    it("gets no more than 20 guesses at one account checked, and keeps its owner out of nothing (ASVS 6.1.1)", async () => {
      expect(await attackOneAccount(nodes())).to.deep.equal(DEFENDED);
    });

    it("gets no more of 200 at once checked than one after the other (FT-07)", async () => {
      const guesses = Array.from({ length: 200 }, (_, index) => ({
        address: "198.51.100.1",
        identifier: nodes().username,
        password: `guess number ${index}`,
      }));
      const { statuses } = await attackPasswords(nodes(), guesses, 200);
      expect(statuses[422]).to.equal(5);
      expect((statuses[422] ?? 0) + (statuses[429] ?? 0)).to.equal(200);
    });
  },
  environment,
);
