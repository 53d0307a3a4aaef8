import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from "jose";
import { makeBadTokens, signToken } from "../support/bad-tokens.js";
import { GUIDE_PROGRAMS, isMissing, runGuideProgram } from "../support/other-languages.js";
import { startTestIssuer, type TestIssuer } from "../support/test-issuer.js";
import {
  API,
  createMachineClient,
  createTestApis,
  type TestClient,
} from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";

/** What every library has to refuse; the rest of the table is about being strict, too. */
const ESSENTIAL = new Set([
  "algorithm",
  "type",
  "unknown_key",
  "signature",
  "issuer",
  "audience",
  "expired",
  "not_yet_valid",
]);

describe("access tokens in other languages, by the JWKS alone", function () {
  this.timeout(120_000);
  let server: TestServer;
  let issuer: TestIssuer;
  let client: TestClient;
  let directory: string;
  /** By algorithm. */
  const tokens: Record<string, string> = {};
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "latchkey-languages-"));
    server = await startTestServer();
    await createTestApis(server);
    client = await createMachineClient(server);
    for (const algorithm of ["ES256", "RS256"] as const) {
      await server.app.resourceServers.update(API, () => ({ accessTokenAlgorithm: algorithm }));
      tokens[algorithm] = await askForToken();
    }
    issuer = await startTestIssuer();
  });
  after(async () => {
    await issuer.close();
    await server.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function askForToken(): Promise<string> {
    const fields = { grant_type: "client_credentials", scope: "orders:read", resource: API };
    const answer = await postForm(`${server.issuer}/token`, fields, { client });
    expect(answer.status, answer.body).to.equal(200);
    return (JSON.parse(answer.body) as { access_token: string }).access_token;
  }

  for (const algorithm of ["ES256", "RS256"]) {
    it(`jose verifies ${algorithm}`, async () => {
      const response = await fetch(`${server.issuer}/jwks`);
      const keys = createLocalJWKSet((await response.json()) as JSONWebKeySet);
      const { payload, protectedHeader } = await jwtVerify(tokens[algorithm] ?? "", keys, {
        issuer: server.issuer,
        audience: API,
        typ: "at+jwt",
        algorithms: [algorithm],
      });
      expect(protectedHeader.alg).to.equal(algorithm);
      expect(payload.sub).to.equal(client.clientId);
    });
  }

  for (const program of GUIDE_PROGRAMS) {
    describe(program.name, () => {
      let command: readonly [string, ...string[]];
      before(async function () {
        if (isMissing(program)) this.skip();
        command = await program.prepare(join(directory, program.name));
      });

      it("verifies ES256 and RS256", async () => {
        const { ES256 = "", RS256 = "" } = tokens;
        const environment = { ISSUER: server.issuer, AUDIENCE: API };
        const verdicts = await runGuideProgram(command, environment, [ES256, RS256]);
        const accepted = `accepted ${client.clientId}`;
        expect(verdicts).to.deep.equal([accepted, accepted]);
      });

      it("refuses forged tokens, and those that are not for it", async () => {
        const signer = issuer.addKey("key-1");
        const weak = generateKeyPairSync("ec", { namedCurve: "P-256" });
        const bad = [
          ...makeBadTokens(signer).filter(({ problem }) => ESSENTIAL.has(problem)),
          {
            name: "is bound to a key",
            token: signToken(signer, { claims: { cnf: { jkt: "x" } } }),
          },
          {
            name: "brings another key under a known id",
            token: signToken(
              { ...signer, privateKey: weak.privateKey },
              { header: { jwk: createPublicKey(weak.privateKey).export({ format: "jwk" }) } },
            ),
          },
        ];
        const environment = { ISSUER: issuer.issuer, AUDIENCE: issuer.audience };
        const [good, ...verdicts] = await runGuideProgram(command, environment, [
          signToken(signer),
          ...bad.map(({ token }) => token),
        ]);
        issuer.keys = [];
        expect(good).to.equal("accepted account-1");
        const wrong = bad.filter((_, index) => !verdicts[index]?.startsWith("refused"));
        expect(wrong.map(({ name }) => name)).to.deep.equal([]);
        expect(verdicts).to.have.length(bad.length);
      });
    });
  }
});
