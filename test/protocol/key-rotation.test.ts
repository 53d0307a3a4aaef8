import { expect } from "chai";
import { calculateJwkThumbprint, createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import * as openid from "openid-client";
import { describeOnTwoNodes } from "../support/deployments.js";
import { eventually } from "../support/eventually.js";
import { rawRequest } from "../support/raw-request.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { rotateUnderLoad } from "../support/rotation-load.js";
import { runCli } from "../support/server-process.js";
import { laterBy } from "../support/shift-time.js";
import { signInWith } from "../support/sign-in-with.js";
import {
  API,
  createMachineClient,
  createTestApis,
  createTestClient,
  type TestClient,
} from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent } from "../support/user-agent.js";

const AHEAD_SECONDS = 60;
const DAY = 86_400;
const AFTER_LOGOUT = "http://localhost:9999/signed-out";

type Jwk = Record<string, unknown> & { kid: string; alg: string };

async function publishedBy({ issuer }: { issuer: string }): Promise<Jwk[]> {
  const { body } = await rawRequest(`${issuer}/jwks`);
  return (JSON.parse(body) as { keys: Jwk[] }).keys;
}

const kidOf = (jwt = "") => String(decodeProtectedHeader(jwt).kid);

describe("the key set of the server (RFC 7517 §5)", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  it("may be kept for 5 minutes, and 5 more while it is asked for again (RFC 9111 §5.2.2, RFC 5861 §3)", async () => {
    const { headers } = await rawRequest(`${server.issuer}/jwks`);
    expect(headers["content-type"]).to.equal("application/jwk-set+json; charset=utf-8");
    expect(headers["cache-control"]).to.equal("public, max-age=300, stale-while-revalidate=300");
  });

  it("is not sent again to who has it, until it changes (RFC 9110 §13.1.2)", async () => {
    const url = `${server.issuer}/jwks`;
    const etag = String((await rawRequest(url)).headers["etag"]);
    expect(etag).to.match(/^"[\w-]{43}"$/);
    const again = await rawRequest(url, { headers: { "If-None-Match": etag } });
    expect([again.status, again.body]).to.deep.equal([304, ""]);
    expect(again.headers["etag"]).to.equal(etag);
    expect(again.headers["cache-control"]).to.match(/max-age=300/);
    await server.app.keyRotation.rotate("ES256", "in_order");
    const changed = await rawRequest(url, { headers: { "If-None-Match": etag } });
    expect(changed.status).to.equal(200);
    expect(changed.headers["etag"]).not.to.equal(etag);
  });

  it("has no private member, and names each key by its thumbprint, algorithm and use (§4, RFC 7638)", async () => {
    for (const key of await publishedBy(server)) {
      expect(key).to.have.any.keys("x", "n");
      expect(key).not.to.have.any.keys("d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv");
      expect(key).to.include({ use: "sig", kid: await calculateJwkThumbprint(key) });
      expect(key.alg).to.be.oneOf(["ES256", "RS256"]);
    }
  });
});

describe("a rotation of signing keys", () => {
  let server: TestServer;
  let client: TestClient;
  let rp: RelyingParty;
  let machine: RelyingParty;
  let config: openid.Configuration;
  beforeEach(async () => {
    server = await startTestServer({ keyTimes: { publishAheadSeconds: AHEAD_SECONDS } });
    await createTestApis(server);
    client = await createTestClient(server, { post_logout_redirect_uris: [AFTER_LOGOUT] });
    rp = await connect(server, client);
    machine = await connect(server, await createMachineClient(server));
    config = await openid.discovery(
      new URL(server.issuer),
      client.clientId,
      client.clientSecret,
      undefined,
      { execute: [openid.allowInsecureRequests] },
    );
  });
  afterEach(() => server.close());

  const machineToken = async () => {
    const tokens = await machine.clientCredentials({ resource: API, scope: "orders:read" });
    return tokens.access_token;
  };
  const signingKid = (alg: "ES256" | "RS256") => server.app.signingKeys.signing(alg).kid;
  /** The server's own check, by which `/protected-resource` lives. */
  const verifiesByKeySet = async (token: string) => {
    const keys = createRemoteJWKSet(new URL(`${server.issuer}/jwks`));
    try {
      await jwtVerify(token, keys, { issuer: server.issuer });
      return true;
    } catch {
      return false;
    }
  };
  const afterSwap = <Result>(kid: string, work: () => Promise<Result>) =>
    laterBy(AHEAD_SECONDS + 1, async () => {
      await eventually(
        "the library signs with it",
        async () => kidOf(await machineToken()) === kid,
      );
      return work();
    });
  const signOutWith = async (idToken: string, seconds: number) => {
    const page = await laterBy(seconds, () =>
      createUserAgent(server.issuer).open(
        openid.buildEndSessionUrl(config, {
          id_token_hint: idToken,
          post_logout_redirect_uri: AFTER_LOGOUT,
        }),
      ),
    );
    return page.status;
  };

  it("publishes the next key, signs with the current one until its time, and then with the next", async () => {
    const before = kidOf(await machineToken());
    const { kid } = await server.app.keyRotation.rotate("ES256", "in_order");
    const published = (await publishedBy(server)).map((key) => key.kid);
    expect(published).to.include.members([before, kid]);
    await laterBy(AHEAD_SECONDS - 5, async () => {
      expect(kidOf(await machineToken())).to.equal(before);
    });
    await afterSwap(kid, async () => {
      const later = (await publishedBy(server)).map((key) => key.kid);
      expect(later).to.have.members(published);
    });
  });

  it("reaches ID tokens, and leaves the other algorithm alone", async () => {
    const { tokens } = await signInWith(server, rp);
    const es256 = signingKid("ES256");
    expect(kidOf(tokens.id_token)).to.equal(signingKid("RS256"));
    const { kid } = await server.app.keyRotation.rotate("RS256", "in_order");
    await laterBy(AHEAD_SECONDS + 1, async () => {
      await eventually("the library signs with it", async () => {
        const { tokens: next } = await signInWith(server, rp);
        return kidOf(next.id_token) === kid;
      });
      expect(kidOf(await machineToken())).to.equal(es256);
    });
  });

  it("kills no access token: what the previous key signed verifies until it expires", async () => {
    const token = await machineToken();
    const { kid } = await server.app.keyRotation.rotate("ES256", "in_order");
    await afterSwap(kid, async () => {
      expect(await verifiesByKeySet(token)).to.equal(true);
      expect(await verifiesByKeySet(await machineToken())).to.equal(true);
    });
  });

  it("leaves ID tokens good as hints for as long as their sessions may last (RP-Initiated Logout §2)", async () => {
    const { tokens } = await signInWith(server, rp);
    const idToken = tokens.id_token ?? "";
    await server.app.keyRotation.rotate("RS256", "in_order");
    expect(await signOutWith(idToken, AHEAD_SECONDS + 1)).to.equal(200);
    // Retired by now: published no more, and without its private half.
    await laterBy(2 * DAY, async () => {
      await server.app.keyUpkeep.run();
      await eventually("it is published no more", async () =>
        (await publishedBy(server)).every((key) => key.kid !== kidOf(idToken)),
      );
    });
    expect(await signOutWith(idToken, 29 * DAY)).to.equal(200);
    await laterBy(32 * DAY, () => server.app.keyUpkeep.run());
    await server.app.signingKeys.refresh();
    expect(await signOutWith(idToken, 32 * DAY)).to.equal(400);
  });

  it("retired by hand, a previous key verifies no access token, and still recognizes hints", async () => {
    const { tokens } = await signInWith(server, rp);
    const idToken = tokens.id_token ?? "";
    const [access, old] = [await machineToken(), signingKid("ES256")];
    const next = await server.app.keyRotation.rotate("ES256", "in_order");
    await server.app.keyRotation.rotate("RS256", "in_order");
    await afterSwap(next.kid, async () => {
      await server.app.keyRotation.retire(old);
      await server.app.keyRotation.retire(kidOf(idToken));
      expect(await verifiesByKeySet(access)).to.equal(false);
    });
    expect(await signOutWith(idToken, AHEAD_SECONDS + 2)).to.equal(200);
  });

  it("drops a compromised key at once: nothing that it signed is good for anything", async () => {
    const { tokens } = await signInWith(server, rp);
    const access = await machineToken();
    for (const kid of [kidOf(access), kidOf(tokens.id_token)]) {
      await server.app.keyRotation.drop(kid);
    }
    expect(await verifiesByKeySet(access)).to.equal(false);
    expect(await signOutWith(tokens.id_token ?? "", 0)).to.equal(400);
    const next = await machineToken();
    expect(kidOf(next)).not.to.equal(kidOf(access));
    expect(await verifiesByKeySet(next)).to.equal(true);
    // Sessions and refresh tokens stay. The library keeps the keys that it read for a minute.
    const reading = await connect(server, client);
    expect(await reading.refresh(tokens.refresh_token ?? "")).to.have.property("id_token");
  });
});

/** `npm run rotate:keys` does the same for a minute. */
describeOnTwoNodes("a rotation under load", (nodes) => {
  it("fails nobody: sign-ins, exchanges, and verifications with a cold and a warm cache", async () => {
    const { done, failures, signers } = await rotateUnderLoad(nodes(), {
      rotations: 1,
      everySeconds: 10,
      publishAheadSeconds: 6,
    });
    expect(failures).to.deep.equal([]);
    expect(Object.values(done).every((times) => times > 0)).to.equal(true);
    expect(signers).to.deep.equal({ ES256: 2, RS256: 2 });
  });
});

describeOnTwoNodes("latchkey keys, beside running servers", (nodes) => {
  let machine: RelyingParty;
  let client: TestClient;
  before(async () => {
    await createTestApis(nodes());
    client = await createMachineClient(nodes());
    machine = await connect(nodes(), client);
  });

  const keys = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCli(["--json", "keys", ...args], nodes().environment);
    return { code, stderr, data: stdout === "" ? undefined : (JSON.parse(stdout) as unknown) };
  };
  const listed = async () =>
    (await keys("list")).data as { kid: string; algorithm: string; state: string }[];
  const currentKid = async () =>
    (await listed()).find(({ state, algorithm }) => state === "current" && algorithm === "ES256")
      ?.kid ?? "";
  const kidsAtNode = async (node: number) => {
    const answer = await nodes().nodes[node]?.request("/jwks");
    return (JSON.parse(String(answer?.body)) as { keys: Jwk[] }).keys.map(({ kid }) => kid);
  };
  const signersSeen = async () => {
    const tokens = await Promise.all(
      Array.from({ length: 8 }, () =>
        machine.clientCredentials({ resource: API, scope: "orders:read" }),
      ),
    );
    return new Set(tokens.map(({ access_token }) => kidOf(access_token)));
  };
  const withinASecond = (what: string, holds: () => Promise<boolean>) =>
    eventually(what, holds, 1_000);

  it("rotate: both nodes publish the next key within a second, and none signs with it", async () => {
    const before = await currentKid();
    const { code, data, stderr } = await keys("rotate", "ES256");
    expect(code, stderr).to.equal(0);
    const [{ kid = "" } = {}] = data as { kid?: string }[];
    for (const node of [0, 1]) {
      await withinASecond("published", async () => (await kidsAtNode(node)).includes(kid));
    }
    expect(await signersSeen()).to.deep.equal(new Set([before]));
    expect((await listed()).map(({ state }) => state)).to.include("next");
  });

  it("rotate --now: both sign with it soon after, without a restart", async () => {
    const before = await currentKid();
    await keys("rotate", "ES256", "--now");
    await eventually("swapped", async () => !(await signersSeen()).has(before));
    expect(await signersSeen()).to.deep.equal(new Set([await currentKid()]));
    const previous = (await listed()).find(({ state }) => state === "previous");
    expect((await keys("retire", String(previous?.kid))).code).to.equal(0);
    for (const node of [0, 1]) {
      await withinASecond("not published", async () => !(await kidsAtNode(node)).includes(before));
    }
  });

  it("drop: asks at a terminal and else wants --yes; then no node knows the key any more", async () => {
    const before = await currentKid();
    const refused = await keys("drop", before);
    expect([refused.code, refused.data]).to.deep.equal([1, undefined]);
    expect(refused.stderr).to.include("not_confirmed").and.include("id_token_hint");
    expect(await currentKid()).to.equal(before);

    const { code, stderr } = await keys("drop", before, "--yes");
    expect(code, stderr).to.equal(0);
    for (const node of [0, 1]) {
      await withinASecond("gone", async () => !(await kidsAtNode(node)).includes(before));
    }
    expect(await signersSeen()).to.deep.equal(new Set([await currentKid()]));
  });

  it("refuses to retire the key that signs, and unknown ones", async () => {
    const refused = await keys("retire", await currentKid());
    expect([refused.code, JSON.parse(refused.stderr)]).to.deep.include.members([1]);
    expect(refused.stderr).to.include("key_in_use");
    expect((await keys("drop", "unknown", "--yes")).stderr).to.include("not_found");
    expect((await keys("rotate", "HS256")).code).to.equal(2);
  });
});
