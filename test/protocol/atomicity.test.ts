import { expect } from "chai";
import { connect } from "../support/relying-party-libraries.js";
import { raceClientAssertion, raceDpopProof, racePushedRequest } from "../support/replay-race.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createTokenRaces, type RaceOutcome, type TokenRaces } from "../support/token-race.js";

const PARALLEL = 50;
const ROUNDS = 5;

/** IN-07, AC-09, AC-10: check and use are one step. `npm run race` does the same over 100 rounds. */
describe("what may be used once, used fifty times at once", () => {
  let server: TestServer;
  let races: TokenRaces;
  before(async () => {
    server = await startTestServer();
    races = await createTokenRaces(server);
  });
  after(() => server.close());

  for (let round = 1; round <= ROUNDS; round++) {
    it(`a code: one answer has tokens, the others end them (RFC 6749 §4.1.2), round ${round}`, async () => {
      expectOneWinner(await races.raceCode(PARALLEL));
    });

    it(`a refresh token: one answer has tokens, the others end the family (RFC 9700 §4.14.2), round ${round}`, async () => {
      expectOneWinner(await races.raceRefresh(PARALLEL));
    });
  }

  it("the jti of a client assertion (RFC 7523 §3)", async () => {
    expect(await raceClientAssertion(server, PARALLEL)).to.deep.equal({
      "200": 1,
      "401 invalid_client": PARALLEL - 1,
    });
  });

  it("the jti of a DPoP proof (RFC 9449 §11.1)", async () => {
    expect(await raceDpopProof(server, PARALLEL)).to.deep.equal({
      "200": 1,
      "400 invalid_grant": PARALLEL - 1,
    });
  });

  it("a pushed request (RFC 9126 §4)", async () => {
    expect(await racePushedRequest(server, PARALLEL)).to.deep.equal({
      "303 code": 1,
      "303 invalid_request_uri": PARALLEL - 1,
    });
  });

  it("a decision at the consent page: one code, and no 5xx", async () => {
    const rp = await connect(server, await createTestClient(server));
    const { agent } = await signInWith(server, rp);
    const page = await agent.open((await rp.begin({ prompt: "consent" })).url);
    const pages = await Promise.all(
      Array.from({ length: 10 }, () =>
        agent.submit(page, { decision: "allow" }, { action: /\/consent$/ }),
      ),
    );
    for (const { status } of pages) expect(status).to.be.below(500);
    const codes = pages.flatMap(({ url }) => url.searchParams.get("code") ?? []);
    expect(codes).to.have.length.of.at.least(1);
    expect(new Set(codes).size).to.equal(codes.length);
  });
});

function expectOneWinner(outcome: RaceOutcome): void {
  expect(outcome).to.deep.equal({
    winners: 1,
    losers: { "400 invalid_grant": PARALLEL - 1 },
    alive: [],
  });
}
