import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { request as requestHttp } from "node:http";
import { createServer, request as requestHttps, type Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { expect } from "chai";
import { decodeJwt } from "jose";
import { rawRequest } from "../support/raw-request.js";
import { API, createMachineClient, createTestApis } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";

interface Identity {
  readonly cert: string;
  readonly key: string;
  readonly fingerprint: string;
}

type Answer = { status: number; body: Record<string, unknown> };

/** How each kind of proxy writes a certificate. */
const SPELLINGS: Record<string, (pem: string, der: Buffer) => string> = {
  "as RFC 9440 has it": (_pem, der) => `:${der.toString("base64")}:`,
  "as nginx escapes it": (pem) => encodeURIComponent(pem),
  "in base64": (_pem, der) => der.toString("base64"),
};

describe("certificates of clients, told by the proxy that ends TLS (RFC 8705)", () => {
  let directory: string;
  let server: TestServer;
  let proxy: Server;
  let spell = SPELLINGS["as RFC 9440 has it"] as (pem: string, der: Buffer) => string;
  let ada: Identity;
  let eve: Identity;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "latchkey-mtls-"));
    [ada, eve] = [createIdentity("ada"), createIdentity("eve")];
    server = await startTestServer({
      environment: { MTLS_CLIENT_CERTIFICATE_HEADER: "Client-Cert", TRUST_PROXY: "127.0.0.2" },
    });
    await createTestApis(server);
    proxy = await startProxy();
  });
  after(async () => {
    proxy.close();
    await server.close();
    await rm(directory, { recursive: true, force: true });
  });

  function createIdentity(name: string): Identity {
    const [cert, key] = [join(directory, `${name}.pem`), join(directory, `${name}.key`)];
    const how = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
    const where = ["-subj", `/CN=${name}`, "-keyout", key, "-out", cert];
    execFileSync("openssl", [...how.split(" "), ...where], { stdio: "pipe" });
    const pem = readFileSync(cert, "utf8");
    const fingerprint = createHash("sha256").update(new X509Certificate(pem).raw);
    return {
      cert: pem,
      key: readFileSync(key, "utf8"),
      fingerprint: fingerprint.digest("base64url"),
    };
  }

  /** Ends TLS with whatever certificate the client has, and is known by its address 127.0.0.2. */
  async function startProxy(): Promise<Server> {
    const { cert, key } = createIdentity("proxy");
    const options = { cert, key, requestCert: true, rejectUnauthorized: false };
    const listening = createServer(options, (req, res) => {
      const { raw } = (req.socket as TLSSocket).getPeerCertificate();
      const { "client-cert": _sentByClient, ...others } = req.headers;
      const told =
        raw === undefined ? {} : { "client-cert": spell(new X509Certificate(raw).toString(), raw) };
      const headers = { ...others, ...told, host: new URL(server.issuer).host };
      const { port } = server.config;
      const { method, url: path } = req;
      const to = { host: "127.0.0.1", port, localAddress: "127.0.0.2", method, path, headers };
      const passed = requestHttp(to, (answer) => {
        res.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(res);
      });
      req.pipe(passed);
    });
    await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
    return listening;
  }

  function send(
    path: string,
    {
      identity,
      form,
      headers = {},
    }: {
      identity?: Identity | undefined;
      form?: Record<string, string>;
      headers?: Record<string, string>;
    },
  ): Promise<Answer> {
    const address = proxy.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const options = {
      ...(identity === undefined ? {} : { cert: identity.cert, key: identity.key }),
      host: "127.0.0.1",
      port,
      path,
      method: form === undefined ? "GET" : "POST",
      headers: { ...headers, "Content-Type": "application/x-www-form-urlencoded" },
      rejectUnauthorized: false,
      agent: false as const,
    };
    return new Promise((resolve, reject) => {
      const sent = requestHttps(options, (answer) => {
        let text = "";
        answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
        answer.on("end", () =>
          resolve({
            status: answer.statusCode ?? 0,
            body: JSON.parse(text || "{}") as object as never,
          }),
        );
      });
      sent.on("error", reject);
      sent.end(new URLSearchParams(form).toString());
    });
  }

  const createBoundClient = (metadata: Record<string, unknown> = {}) =>
    createMachineClient(server, { tls_client_certificate_bound_access_tokens: true, ...metadata });

  function credentialsOf({
    clientId,
    clientSecret = "",
  }: {
    clientId: string;
    clientSecret?: string | undefined;
  }) {
    return { client_id: clientId, client_secret: clientSecret, grant_type: "client_credentials" };
  }

  for (const [spelling, write] of Object.entries(SPELLINGS)) {
    it(`bind a token to the certificate, ${spelling} (§3.1)`, async () => {
      spell = write;
      const form = { ...credentialsOf(await createBoundClient()), resource: API };
      const { status, body } = await send("/token", { identity: ada, form });
      expect([status, body["token_type"]]).to.deep.equal([200, "Bearer"]);
      expect(decodeJwt(String(body["access_token"]))["cnf"]).to.deep.equal({
        "x5t#S256": ada.fingerprint,
      });
    });
  }

  it("are required of a client that registered for bound tokens (§3)", async () => {
    const { status, body } = await send("/token", {
      form: credentialsOf(await createBoundClient()),
    });
    expect([status, body["error"]]).to.deep.equal([400, "invalid_grant"]);
  });

  it("bind what a client exchanges, which shows that its own token is bound to it (RFC 8693)", async () => {
    const stock = "https://stock.example.com";
    await server.app.resourceServers.create({
      identifier: stock,
      name: "Stock",
      scopes: { "stock:read": "See it" },
      accessTokenFormat: "jwt",
    });
    const metadata = { tls_client_certificate_bound_access_tokens: true };
    const service = await createMachineClient(server, metadata, { resourceServer: API });
    const other = await createBoundClient();
    await server.app.tokenExchangePolicies.save({
      clientId: service.clientId,
      source: undefined,
      target: stock,
      kinds: ["delegation"],
      scopes: undefined,
    });
    const exchange = (identity: Identity, token: string) =>
      send("/token", {
        identity,
        form: {
          ...credentialsOf(service),
          grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
          subject_token: token,
          subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
          resource: stock,
        },
      });
    const form = { ...credentialsOf(other), resource: API };
    const { body } = await send("/token", { identity: ada, form });
    // The API cannot have the certificate of its caller.
    const exchanged = await exchange(eve, String(body["access_token"]));
    const token = String(exchanged.body["access_token"]);
    expect(decodeJwt(token)["cnf"]).to.deep.equal({ "x5t#S256": eve.fingerprint });
    expect((await exchange(eve, token)).status).to.equal(200);
    const stolen = await exchange(ada, token);
    expect([stolen.status, stolen.body["error"]]).to.deep.equal([400, "invalid_request"]);
  });

  it("are believed of the proxy alone: whoever else sends the header has none (§6.5)", async () => {
    const client = await createBoundClient();
    const header = spell(ada.cert, new X509Certificate(ada.cert).raw);
    const body = new URLSearchParams({ ...credentialsOf(client) }).toString();
    const direct = await rawRequest(`${server.issuer}/token`, {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded", "Client-Cert": header },
      body,
    });
    expect(direct.status).to.equal(400);
    expect(direct.body).to.include("invalid_grant");
    const through = await send("/token", {
      identity: eve,
      form: { ...credentialsOf(client), resource: API },
      headers: { "Client-Cert": header },
    });
    const token = String(through.body["access_token"]);
    expect(decodeJwt(token)["cnf"]).to.deep.equal({ "x5t#S256": eve.fingerprint });
  });

  it("are none where the header holds no certificate, two, or garbage", async () => {
    const usual = spell;
    const form = credentialsOf(await createBoundClient());
    const two: typeof spell = (_pem, der) =>
      Array(2)
        .fill(`:${der.toString("base64")}:`)
        .join(", ");
    for (const broken of [() => "", () => "::", () => "%", () => "%00", () => ":AAAA:", two]) {
      spell = broken;
      const { status, body } = await send("/token", { identity: ada, form });
      expect([status, body["error"]], broken.toString()).to.deep.equal([400, "invalid_grant"]);
    }
    spell = usual;
  });

  it("authenticate a client that registered its own, and nobody else (§2.2)", async () => {
    const x5c = [new X509Certificate(ada.cert).raw.toString("base64")];
    const jwk = new X509Certificate(ada.cert).publicKey.export({ format: "jwk" });
    const client = await createBoundClient({
      token_endpoint_auth_method: "self_signed_tls_client_auth",
      jwks: { keys: [{ ...jwk, x5c }] },
    });
    const form = { client_id: client.clientId, grant_type: "client_credentials", resource: API };
    const granted = await send("/token", { identity: ada, form });
    expect(granted.status).to.equal(200);
    expect(decodeJwt(String(granted.body["access_token"]))["cnf"]).to.deep.equal({
      "x5t#S256": ada.fingerprint,
    });
    for (const identity of [eve, undefined]) {
      const { status, body } = await send("/token", { identity, form });
      expect([status, body["error"]]).to.deep.equal([401, "invalid_client"]);
    }
  });

  it("are announced in the metadata of server and APIs (§3.3, RFC 9728 §2)", async () => {
    const { body } = await send("/.well-known/openid-configuration", {});
    expect(body).to.include({ tls_client_certificate_bound_access_tokens: true });
    expect(body["token_endpoint_auth_methods_supported"]).to.include("self_signed_tls_client_auth");
    await server.app.resourceServers.update(API, () => ({ publishMetadata: true }));
    const path = `/protected-resource-metadata?resource=${encodeURIComponent(API)}`;
    const metadata = await send(path, {});
    expect(metadata.body).to.include({ tls_client_certificate_bound_access_tokens: true });
  });
});
