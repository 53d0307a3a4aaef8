import { expect } from "chai";
import * as apis from "../../src/commands/api-commands.js";
import { codeOfRejection, rejectionOf } from "../support/stores-rejection.js";
import { createMachineClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";

describe("commands about APIs", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  let count = 0;
  async function create(options: Parameters<typeof apis.createApi>[2] = {}): Promise<string> {
    const identifier = `https://api.example.com/${(count += 1)}`;
    await apis.createApi(server.app, identifier, {
      scopes: ["read=Read", "write=Write"],
      ...options,
    });
    return identifier;
  }

  async function show(identifier: string) {
    return (await apis.showApi(server.app, identifier)).data;
  }

  const linesOf = (event: string, api: string) =>
    server.logs.filter((line) => line["event"] === event && line["api"] === api);

  it("register an API that no client may use until it is allowed, and say so", async () => {
    const result = await apis.createApi(server.app, "https://NEW.example.com:443/", {});
    expect(result.text).to.include('"https://new.example.com"').and.include("latchkey api allow");
    expect(await show("https://new.example.com/")).to.deep.include({
      identifier: "https://new.example.com",
      name: "https://new.example.com",
      open: false,
      clients: {},
      managed_by: null,
    });
    expect(linesOf("api.created", "https://new.example.com")).to.have.length(1);
  });

  it("change what is given and leave the rest", async () => {
    const identifier = await create({ accessTokenSeconds: 60, algorithm: "RS256", open: true });
    const { text } = await apis.updateApi(server.app, `${identifier}/`, {
      scopes: ["write=Write more", "admin=Rule"],
      removedScopes: ["read"],
      algorithm: "default",
      statusList: true,
      claims: ['tier={"const":{"a":"b=c"}}', "email=account.email"],
    });
    expect(text).to.include("verify until they expire");
    expect(await show(identifier)).to.deep.include({
      scopes: { write: "Write more", admin: "Rule" },
      access_token_seconds: 60,
      open: true,
      status_list: true,
      claims: { tier: { const: { a: "b=c" } }, email: "account.email" },
    });
    expect(await show(identifier)).to.not.have.property("access_token_algorithm");
    await apis.updateApi(server.app, identifier, { removedClaims: ["tier"], open: false });
    expect(await show(identifier)).to.deep.include({
      claims: { email: "account.email" },
      open: false,
    });
    expect(linesOf("api.updated", identifier)).to.have.length(2);
  });

  it("allow a client some scopes or all, and take that back", async () => {
    const identifier = await create();
    const { clientId } = await createMachineClient(server);
    const one = { api: identifier, clientId };
    await apis.allowClient(server.app, { ...one, scopes: ["read"] });
    expect(await show(identifier)).to.deep.include({ clients: { [clientId]: ["read"] } });
    await apis.updateApi(server.app, identifier, { removedScopes: ["read"] });
    expect(await show(identifier)).to.deep.include({ clients: { [clientId]: [] } });
    await apis.allowClient(server.app, one);
    expect(await show(identifier)).to.deep.include({ clients: { [clientId]: "all" } });
    await apis.disallowClient(server.app, one);
    expect(await show(identifier)).to.deep.include({ clients: {} });
    expect(await codeOfRejection(apis.disallowClient(server.app, one))).to.equal("not_found");
    await apis.updateApi(server.app, identifier, { open: true });
    await apis.allowClient(server.app, { ...one, scopes: [] });
    expect((await apis.disallowClient(server.app, one)).text).to.include("--no-open");
  });

  it("refuse what cannot be, in words, all of it at once, and change nothing", async () => {
    const identifier = await create();
    const before = await show(identifier);
    const refused: [() => Promise<unknown>, string[]][] = [
      [() => apis.createApi(server.app, "not-a-uri", {}), ["absolute URI"]],
      [() => apis.createApi(server.app, "https://x.example/#", {}), ["fragment"]],
      [() => apis.updateApi(server.app, identifier, { scopes: ["=x"] }), ["A scope is written"]],
      [() => apis.updateApi(server.app, identifier, { scopes: ["openid=x"] }), ["OpenID Connect"]],
      [() => apis.updateApi(server.app, identifier, { scopes: ["a b=x"] }), ["RFC 6749 §3.3"]],
      [() => apis.updateApi(server.app, identifier, { removedScopes: ["x"] }), ['no scope "x"']],
      [() => apis.updateApi(server.app, identifier, { claims: ["a={x}"] }), ["in JSON"]],
      [() => apis.updateApi(server.app, identifier, { claims: ["a"] }), ["A claim is written"]],
      [
        () => apis.updateApi(server.app, identifier, { name: " ", accessTokenSeconds: 1e9 }),
        ["name must not be empty", "86400"],
      ],
      [
        () => apis.updateApi(server.app, identifier, { format: "opaque", statusList: true }),
        ["status list is about JWT"],
      ],
    ];
    for (const [attempt, words] of refused) {
      const err = await rejectionOf(attempt());
      expect(err).to.include({ code: "invalid_api" });
      for (const word of words) expect(err).to.have.property("message").that.includes(word);
    }
    const { clientId } = await createMachineClient(server);
    const unknown = apis.allowClient(server.app, { api: identifier, clientId, scopes: ["x"] });
    expect(await rejectionOf(unknown))
      .to.have.property("message")
      .that.includes("read, write");
    const nobody = apis.allowClient(server.app, { api: identifier, clientId: "nobody" });
    expect(await codeOfRejection(nobody)).to.equal("not_found");
    expect(await show(identifier)).to.deep.equal(before);
  });

  it("know an API that is not there from one that is", async () => {
    const absent = "https://absent.example.com";
    for (const attempt of [
      apis.showApi(server.app, absent),
      apis.updateApi(server.app, absent, { open: true }),
      apis.deleteApi(server.app, absent),
    ]) {
      expect(await codeOfRejection(attempt)).to.equal("not_found");
    }
    const identifier = await create();
    const again = apis.createApi(server.app, `${identifier}/`, {});
    expect(await codeOfRejection(again)).to.equal("resource_server_exists");
    expect((await apis.deleteApi(server.app, identifier)).text).to.include("until they expire");
    expect(linesOf("api.deleted", identifier)).to.have.length(1);
  });

  it("leave alone what a file declares, and say which file", async () => {
    const identifier = await create({ default: true });
    const other = await create();
    const managedBy = "/etc/latchkey/apis.json";
    await server.app.resourceServers.update(identifier, () => ({ managedBy }));
    const { clientId } = await createMachineClient(server);
    for (const attempt of [
      apis.updateApi(server.app, identifier, { open: true }),
      apis.allowClient(server.app, { api: identifier, clientId }),
      apis.disallowClient(server.app, { api: identifier, clientId }),
      apis.deleteApi(server.app, identifier),
      apis.updateApi(server.app, other, { default: true }),
    ]) {
      const err = await rejectionOf(attempt);
      expect(err).to.include({ code: "api_managed" });
      expect(err).to.have.property("message").that.includes(managedBy);
    }
  });
});
