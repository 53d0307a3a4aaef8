import { expect } from "chai";
import { oauthErrorOf, rawRequest } from "../support/raw-request.js";
import { connect } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";

const encode = (text: string) => Buffer.from(text).toString("base64");

/** AC-33: what has crashed servers or opened them. */
const VALUES = [
  "",
  "Basic",
  "Basic ",
  "Basic !!!not-base64!!!",
  `Basic ${encode("no-colon")}`,
  `Basic ${encode(":")}`,
  `Basic ${encode("client:%zz")}`,
  `Basic ${encode("client\u0000:secret")}`,
  `Basic ${encode("unknown:secret")}`,
  `Basic ${encode(`client:${"x".repeat(9000)}`)}`,
  "Bearer",
  "Bearer ",
  "Bearer two words",
  "Bearer \u00ff\u00fe",
  `Bearer ${"x".repeat(9000)}`,
  "Bearer a, Bearer b",
  "bEaReR unknown",
  "DPoP unknown",
  'Digest username="a", realm="b"',
  "Negotiate TlRMTVNTUAAB",
];

const ENDPOINTS = [
  ["POST", "/token"],
  ["POST", "/token/revoke"],
  ["POST", "/token/introspect"],
  ["POST", "/request"],
  ["POST", "/device/auth"],
  ["GET", "/me"],
  ["POST", "/me"],
  ["POST", "/clients/register"],
  ["GET", "/clients/register/unknown"],
  ["PUT", "/clients/register/unknown"],
  ["DELETE", "/clients/register/unknown"],
  ["GET", "/protected-resource"],
] as const;

describe("the Authorization header", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  for (const [method, path] of ENDPOINTS) {
    it(`in odd forms at ${method} ${path} gets an OAuth error as JSON (AC-33)`, async () => {
      const type = path.startsWith("/clients") ? "application/json" : undefined;
      const expectRefusal = async (value: string) => {
        const answer = await rawRequest(server.issuer + path, {
          method,
          headers: {
            Accept: "text/html",
            Authorization: value,
            "Content-Type": type ?? "application/x-www-form-urlencoded",
          },
          ...(method === "GET" || method === "DELETE"
            ? {}
            : { body: type === undefined ? "token=a&grant_type=client_credentials" : "{}" }),
        });
        expect(answer.status, `${value.slice(0, 40)}: ${answer.body}`).to.be.oneOf([400, 401]);
        expect(answer.headers["content-type"]).to.match(/^application\/json/);
        expect(oauthErrorOf(answer)).to.match(/^[a-z_]+$/);
        if (answer.status === 401) {
          expect(answer.headers["www-authenticate"], value).to.match(
            /^(Basic|Bearer|DPoP) realm="/,
          );
        }
      };
      await Promise.all(VALUES.map(expectRefusal));
    });
  }

  it("with the secret of another client, or right but with another client_id, is refused", async () => {
    const one = await createTestClient(server, { grant_types: ["client_credentials"] });
    const other = await createTestClient(server, { grant_types: ["client_credentials"] });
    const send = (authorization: string, clientId?: string) =>
      rawRequest(`${server.issuer}/token`, {
        method: "POST",
        headers: {
          Authorization: authorization,
          "Content-Type": "application/x-www-form-urlencoded",
        },
        body: new URLSearchParams({
          grant_type: "client_credentials",
          ...(clientId === undefined ? {} : { client_id: clientId }),
        }).toString(),
      });
    const crossed = await send(`Basic ${encode(`${one.clientId}:${other.clientSecret}`)}`);
    expect([crossed.status, oauthErrorOf(crossed)]).to.deep.equal([401, "invalid_client"]);
    const right = `Basic ${encode(`${one.clientId}:${one.clientSecret}`)}`;
    const mixed = await send(right, other.clientId);
    expect([mixed.status, oauthErrorOf(mixed)]).to.deep.equal([400, "invalid_request"]);
    expect((await send(right, one.clientId)).status).to.equal(200);
  });

  it("is where access tokens belong: one in the query is ignored (OAuth 2.1 §5.2)", async () => {
    const { tokens } = await signInWith(
      server,
      await connect(server, await createTestClient(server)),
    );
    for (const path of ["/me", "/protected-resource"]) {
      const answer = await rawRequest(
        `${server.issuer}${path}?access_token=${tokens.access_token}`,
      );
      expect([path, answer.status]).to.be.deep.oneOf([
        [path, 400],
        [path, 401],
      ]);
    }
  });
});
