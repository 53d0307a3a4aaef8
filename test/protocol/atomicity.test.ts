import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { SignJWT } from "jose";
import { generateDpopKey, signDpopProof } from "../support/dpop-proof.js";
import { oauthErrorOf, rawRequest, type RawAnswer } from "../support/raw-request.js";
import { connect } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestKey } from "../support/test-key.js";
import { createMachineClient, createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createTokenRaces, type RaceOutcome, type TokenRaces } from "../support/token-race.js";
import { postForm } from "../support/token-endpoint.js";

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
    const key = await createTestKey();
    const { clientId } = await createMachineClient(server, {
      token_endpoint_auth_method: "private_key_jwt",
      jwks: key.jwks,
    });
    const assertion = await new SignJWT({ iss: clientId, sub: clientId, aud: server.issuer })
      .setProtectedHeader({ alg: "ES256", kid: key.kid })
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime("1 minute")
      .sign(key.key);
    const answers = await times(PARALLEL, () =>
      postForm(`${server.issuer}/token`, {
        grant_type: "client_credentials",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: assertion,
      }),
    );
    expectOneSuccess(answers, "401 invalid_client");
  });

  it("the jti of a DPoP proof (RFC 9449 §11.1)", async () => {
    const client = await createMachineClient(server);
    const url = `${server.issuer}/token`;
    const proof = await signDpopProof(await generateDpopKey(), { method: "POST", url });
    const answers = await times(PARALLEL, () =>
      postForm(url, { grant_type: "client_credentials" }, { client, headers: { DPoP: proof } }),
    );
    expectOneSuccess(answers, "400 invalid_grant");
  });

  it("a pushed request (RFC 9126 §4)", async () => {
    const rp = await connect(server, await createTestClient(server));
    const { agent } = await signInWith(server, rp);
    const cookie = agent.cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
    const { url } = await rp.begin({}, { pushed: true });
    const answers = await times(PARALLEL, () => rawRequest(url, { headers: { Cookie: cookie } }));
    const results = answers.map(({ status, headers }) => {
      const { searchParams } = new URL(String(headers["location"]));
      return `${status} ${searchParams.get("error") ?? "code"}`;
    });
    expect(tally(results)).to.deep.equal({
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

const times = (count: number, attempt: () => Promise<RawAnswer>) =>
  Promise.all(Array.from({ length: count }, attempt));

function expectOneWinner(outcome: RaceOutcome): void {
  expect(outcome).to.deep.equal({
    winners: 1,
    losers: { "400 invalid_grant": PARALLEL - 1 },
    alive: [],
  });
}

function expectOneSuccess(answers: RawAnswer[], refusal: string): void {
  const results = answers.map((answer) =>
    answer.status === 200 ? "200" : `${answer.status} ${oauthErrorOf(answer)}`,
  );
  expect(tally(results)).to.deep.equal({ "200": 1, [refusal]: PARALLEL - 1 });
}

function tally(results: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const result of results) counts[result] = (counts[result] ?? 0) + 1;
  return counts;
}
