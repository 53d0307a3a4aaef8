import { expect } from "chai";
import { describeOnTwoNodes } from "../support/deployments.js";
import {
  addressOf,
  attackPasswords,
  createKnownDevice,
  signsIn,
} from "../support/password-attack.js";
import { startTestServer, type TestServer } from "../support/test-server.js";

describe("an attack on passwords", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ environment: { TRUST_PROXY: "true" } });
  });
  after(() => server.close());

  it("gets 20 of 120 guesses from 30 addresses at one account checked, and keeps its owner out of nothing (ASVS 6.1.1, NIST SP 800-63B-4 §3.2.2)", async () => {
    const device = await createKnownDevice(server, "203.0.113.1");
    const guesses = Array.from({ length: 120 }, (_, index) => ({
      address: addressOf(index % 30),
      identifier: server.username,
      password: index === 60 ? server.password : `guess number ${index}`,
    }));
    const [attack, isIn] = await Promise.all([
      attackPasswords(server, guesses, 10),
      signsIn(device, server),
    ]);
    expect(attack.statuses).to.deep.equal({ 422: 20, 429: 100 });
    expect([isIn, await signsIn(device, server)]).to.deep.equal([true, true]);
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

describeOnTwoNodes("200 wrong passwords at once at two nodes", (nodes) => {
  it("are not more checked than one after the other (FT-07)", async () => {
    const guesses = Array.from({ length: 200 }, (_, index) => ({
      address: "127.0.0.1",
      identifier: nodes().username,
      password: `guess number ${index}`,
    }));
    const { statuses } = await attackPasswords(nodes(), guesses, 200);
    expect(statuses[422]).to.equal(5);
    expect((statuses[422] ?? 0) + (statuses[429] ?? 0)).to.equal(200);
  });
});
