import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { ConfigurationError } from "../../../src/config/configuration-error.js";
import { loadApisFile } from "../../../src/config/apis-file.js";
import { loadConfig } from "../../../src/config/load-config.js";

describe("the file that declares APIs", () => {
  let directory: string;
  let path: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "latchkey-apis-"));
    path = join(directory, "apis.json");
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  function reasonsOf(content: unknown): string[] {
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
    return loadApisFile(path).problems.map(({ reason }) => reason);
  }

  it("says all that can be said of an API, and little where little is said", () => {
    const identifier = "https://api.example.com/orders";
    const whole = {
      identifier,
      name: "Orders",
      scopes: { "orders:read": "Read your orders" },
      access_token_format: "jwt",
      access_token_algorithm: "RS256",
      access_token_seconds: 300,
      default: true,
      open: true,
      clients: { shop: ["orders:read"], nightly: "all" },
      status_list: true,
      publish_metadata: true,
      claims: { email: "account.email", tier: { const: { of: [1, null, "x"] } } },
    };
    writeFileSync(path, JSON.stringify({ apis: [whole, { identifier: "urn:example:a" }] }));
    const { declarations, problems } = loadConfigOf(path);
    expect(problems).to.deep.equal([]);
    expect(declarations?.path).to.equal(path);
    expect(declarations?.apis).to.deep.equal([
      {
        identifier,
        name: "Orders",
        scopes: { "orders:read": "Read your orders" },
        accessTokenFormat: "jwt",
        accessTokenAlgorithm: "RS256",
        accessTokenSeconds: 300,
        default: true,
        open: true,
        clients: { shop: ["orders:read"], nightly: "all" },
        statusList: true,
        publishMetadata: true,
        claims: { email: "account.email", tier: { const: { of: [1, null, "x"] } } },
      },
      {
        identifier: "urn:example:a",
        name: "urn:example:a",
        scopes: {},
        accessTokenFormat: "jwt",
        accessTokenAlgorithm: undefined,
        accessTokenSeconds: undefined,
        default: false,
        open: false,
        clients: {},
        statusList: false,
        publishMetadata: false,
        claims: {},
      },
    ]);
  });

  function loadConfigOf(file: string) {
    const { declaredApis } = loadConfig({ APIS_FILE: file });
    return { declarations: declaredApis, problems: loadApisFile(file).problems };
  }

  it("is told every problem of its form at once, each with its place", () => {
    const reasons = reasonsOf({
      apis: [
        { identifier: "https://a.example", scope: {}, access_token_seconds: "60", open: "yes" },
        { name: 7, clients: { c: "some" }, access_token_format: "JWT", claims: { a: { b: 1 } } },
      ],
      api: [],
    });
    for (const expected of [
      "at apis[0].scope is no member: scopes is",
      "at apis[0].access_token_seconds must be a number",
      "at apis[0].open must be true or false",
      "at apis[1].identifier must be text",
      "at apis[1].name must be text",
      'at apis[1].clients.c must be "all" or a list of scopes',
      "at apis[1].access_token_format must be jwt or opaque",
      'at apis[1].claims.a must be a source such as "account.email", or {"const": value}',
      "at api is no member: apis is",
    ]) {
      expect(reasons).to.include(expected);
    }
    expect(reasons).to.have.length(9);
  });

  it("is told every problem of its sense at once, by the rules of the commands", () => {
    const reasons = reasonsOf({
      apis: [
        { identifier: "not a uri", name: "", access_token_seconds: 0.5 },
        { identifier: "https://a.example", default: true, claims: { sub: "account.email" } },
        { identifier: "https://A.example/", default: true, clients: { c: ["x"] } },
        { identifier: "urn:a:b", access_token_format: "opaque", status_list: true },
      ],
    });
    const places = reasons.map((reason) => reason.split(" ", 2).join(" "));
    expect(places).to.have.members([
      "at apis[0].identifier",
      "at apis[0].name",
      "at apis[0].access_token_seconds",
      "at apis[1].claims",
      "at apis[2].clients",
      "at apis[3].status_list",
      "at apis[2].identifier",
      "at apis[2].default",
    ]);
  });

  it("is told that it cannot be read, and where it is no JSON", () => {
    expect(reasonsOf('{\n  "apis": [,]\n}').join()).to.include('"apis": [,]');
    expect(reasonsOf('{\n  "apis": []\n  "a"}').join()).to.include("line 3 column 3");
    expect(reasonsOf("").join()).to.include("not valid JSON");
    expect(reasonsOf("[]").join()).to.include("must hold an object");
    expect(reasonsOf({}).join()).to.include("at apis must be a list");
    const absent = loadApisFile(join(directory, "absent.json")).problems;
    expect(absent[0]?.reason).to.include("does not exist");
    expect(loadApisFile(directory).problems[0]?.reason).to.include("not a file");
  });

  it("keeps the server from starting, beside other problems", () => {
    writeFileSync(path, "{}");
    try {
      loadConfig({ APIS_FILE: path, PORT: "x" });
      expect.fail("accepted");
    } catch (err) {
      if (!(err instanceof ConfigurationError)) throw err;
      expect(err.problems.map(({ name }) => name)).to.have.members(["APIS_FILE", "PORT"]);
    }
  });
});
