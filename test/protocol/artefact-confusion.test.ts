import { expect } from "chai";
import { rawRequest, type RawAnswer } from "../support/raw-request.js";
import { register } from "../support/registration-endpoint.js";
import { connect } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import {
  API,
  REDIRECT_URI,
  createTestApis,
  createTestClient,
  type TestClient,
} from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { postForm } from "../support/token-endpoint.js";
import { authorize, createUserAgent } from "../support/user-agent.js";

const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";

/**
 * AC-13: whatever the server gave out for one purpose is worthless for every other one, and
 * RFC 8725 §3.11: no kind of JWT is taken for another.
 */
describe("artefacts used as one another", () => {
  let server: TestServer;
  let client: TestClient;
  let artefacts: Record<string, string>;
  before(async () => {
    server = await startTestServer();
    await createTestApis(server);
    client = await createTestClient(server, {
      grant_types: ["authorization_code", "refresh_token", DEVICE_GRANT, "client_credentials"],
    });
    const rp = await connect(server, client);
    const { agent, tokens } = await signInWith(server, rp, {
      parameters: { resource: API, scope: "openid orders:read" },
    });
    const api = await rp.refresh(tokens.refresh_token ?? "", { resource: API });
    const machine = await rp.clientCredentials();
    const attempt = await rp.begin();
    const callback = await authorize(createUserAgent(server.issuer), attempt.url, server);
    const pushed = await rp.begin({}, { pushed: true });
    const device = await rp.startDevice();
    const registered = await register(server, { redirect_uris: [REDIRECT_URI] });
    const cookie = (name: string) => agent.cookies.find((each) => each.name === name)?.value ?? "";
    const login = createUserAgent(server.issuer);
    const page = await login.open((await rp.begin({ prompt: "login" })).url);
    artefacts = {
      "access token": tokens.access_token,
      "JWT access token": api.access_token,
      "machine token": machine.access_token,
      "refresh token": api.refresh_token ?? "",
      "ID token": tokens.id_token ?? "",
      code: callback.searchParams.get("code") ?? "",
      "pushed request": pushed.url.searchParams.get("request_uri") ?? "",
      "pushed request's id":
        (pushed.url.searchParams.get("request_uri") ?? "").split(":").at(-1) ?? "",
      "device code": device.device_code,
      "user code": device.user_code,
      "registration access token": registered.registrationToken,
      "initial access token": await server.app.clientAdministration.createInitialAccessToken(60),
      "client secret": client.clientSecret ?? "",
      "client id": client.clientId,
      "session cookie": cookie("latchkey_session"),
      "interaction's id": page.url.pathname.split("/").at(-1) ?? "",
      "form token": /name="csrf_token" value="([^"]+)"/.exec(page.html)?.[1] ?? "",
      "account's id": String(tokens.claims?.["sub"]),
    };
    for (const [name, value] of Object.entries(artefacts)) {
      if (value === "") throw new Error(`no ${name}`);
    }
  });
  after(() => server.close());

  const token = (fields: Record<string, string>) =>
    postForm(`${server.issuer}/token`, fields, { client });
  const bearer = (path: string, value: string, method = "GET") =>
    rawRequest(server.issuer + path, {
      method,
      headers: { Authorization: `Bearer ${value}`, "Content-Type": "application/json" },
      ...(method === "POST" ? { body: JSON.stringify({ redirect_uris: [REDIRECT_URI] }) } : {}),
    });

  const uses: Record<string, { fits: string[]; use: (value: string) => Promise<RawAnswer> }> = {
    "an authorization code": {
      fits: ["code"],
      use: (code) =>
        token({
          grant_type: "authorization_code",
          code,
          redirect_uri: REDIRECT_URI,
          code_verifier: "x".repeat(43),
        }),
    },
    "a refresh token": {
      fits: ["refresh token"],
      use: (value) => token({ grant_type: "refresh_token", refresh_token: value }),
    },
    "a device code": {
      fits: ["device code"],
      use: (value) => token({ grant_type: DEVICE_GRANT, device_code: value }),
    },
    "an access token for userinfo": {
      fits: ["access token"],
      use: (value) => bearer("/me", value),
    },
    "an initial access token": {
      fits: ["initial access token"],
      use: (value) => bearer("/clients/register", value, "POST"),
    },
    "a registration access token": {
      fits: ["registration access token"],
      use: (value) => bearer(`/clients/register/${client.clientId}`, value),
    },
    "a client secret": {
      fits: ["client secret"],
      use: (value) =>
        postForm(
          `${server.issuer}/token`,
          { grant_type: "client_credentials" },
          { client: { ...client, clientSecret: value } },
        ),
    },
    "a client assertion": {
      fits: [],
      use: (value) =>
        postForm(`${server.issuer}/token`, {
          grant_type: "client_credentials",
          client_id: client.clientId,
          client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
          client_assertion: value,
        }),
    },
    "a request object": {
      fits: [],
      use: (value) =>
        postForm(
          `${server.issuer}/request`,
          { client_id: client.clientId, request: value },
          { client },
        ),
    },
  };

  for (const [purpose, { fits, use }] of Object.entries(uses)) {
    it(`nothing else is taken for ${purpose}`, async () => {
      for (const [name, value] of Object.entries(artefacts)) {
        if (fits.includes(name)) continue;
        const answer = await use(value);
        expect(answer.status, `${name}: ${answer.body}`).to.be.oneOf([400, 401]);
        expect(answer.body, name).to.not.match(/"(access|refresh|id)_token":"/);
      }
    });
  }

  it("nothing is taken for a session cookie", async () => {
    const rp = await connect(server, client);
    for (const [name, value] of Object.entries(artefacts)) {
      const agent = createUserAgent(server.issuer);
      agent.cookies.push({ name: "latchkey_session", value, path: "/" });
      const { url } = await agent.open((await rp.begin({ prompt: "none" })).url);
      expect([name, url.searchParams.get("error")]).to.deep.equal([name, "login_required"]);
    }
  });

  it("nothing but a pushed request is taken for one", async () => {
    for (const [name, value] of Object.entries(artefacts)) {
      if (name.startsWith("pushed request")) continue;
      const url = new URL(`${server.issuer}/auth`);
      url.search = new URLSearchParams({
        client_id: client.clientId,
        request_uri: `urn:ietf:params:oauth:request_uri:${value}`,
      }).toString();
      const page = await createUserAgent(server.issuer).open(url);
      expect([name, page.url.searchParams.get("error")]).to.deep.equal([
        name,
        "invalid_request_uri",
      ]);
    }
  });

  it("nothing but an ID token is taken for an id_token_hint", async () => {
    for (const [name, value] of Object.entries(artefacts)) {
      if (name === "ID token") continue;
      const url = new URL(`${server.issuer}/session/end`);
      url.searchParams.set("id_token_hint", value);
      const page = await createUserAgent(server.issuer).open(url);
      expect([name, page.status]).to.deep.equal([name, 400]);
    }
  });

  it("introspection tells of tokens only", async () => {
    const tokens = new Set(["access token", "machine token", "refresh token"]);
    const jwts = new Set(["JWT access token", "ID token"]);
    for (const [name, value] of Object.entries(artefacts)) {
      if (tokens.has(name) || jwts.has(name)) continue;
      const url = `${server.issuer}/token/introspect`;
      const answer = await postForm(url, { token: value }, { client });
      expect([name, answer.body]).to.deep.equal([name, '{"active":false}']);
    }
  });

  it("an access token for an API opens the server's own example API no more than a stranger's", async () => {
    const answer = await bearer("/protected-resource", artefacts["JWT access token"] ?? "");
    expect(answer.status).to.equal(401);
    const idToken = await bearer("/protected-resource", artefacts["ID token"] ?? "");
    expect(idToken.status).to.equal(401);
  });
});
