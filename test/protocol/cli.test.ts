import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { runCli } from "../support/server-process.js";
import { PASSWORD } from "../support/test-server.js";

describe("latchkey, the operator's command", function () {
  this.timeout(180_000);
  let directory: string;
  let environment: Record<string, string>;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "latchkey-cli-"));
    environment = { DATA_DIR: directory };
  });
  after(() => rm(directory, { recursive: true, force: true }));

  const latchkey = (args: string, input = "") => runCli(args.split(" "), environment, input);

  it("creates, lists, disables and enables accounts", async () => {
    const created = await latchkey(
      "account create ada --email ada@example.com --json",
      `${PASSWORD}\n`,
    );
    expect(created.code, created.stderr).to.equal(0);
    expect(JSON.parse(created.stdout)).to.include({ username: "ada", disabled: false });

    const disabled = await latchkey("account disable ADA");
    expect(disabled.stdout).to.equal('The account "ada" is disabled.\n');
    const list = await latchkey("account list");
    expect(list.stdout).to.match(
      /ID +USER NAME +E-MAIL +STATUS\n\S+ +ada +ada@example.com +disabled\n/,
    );
    expect((await latchkey("account enable ada@example.com")).code).to.equal(0);
  });

  it("refuses a second account of that name, whatever its spelling, with exit code 1", async () => {
    const again = await latchkey("account create Ada --json", PASSWORD);
    expect(again.code).to.equal(1);
    expect(JSON.parse(again.stderr)).to.include({ error: "identifier_taken" });
  });

  it("refuses a short password in words and sets a long one from standard input", async () => {
    const short = await latchkey("account set-password ada", "short");
    expect(short.code).to.equal(1);
    expect(short.stderr).to.match(/15/);
    const long = await latchkey("account set-password ada", "another long pass phrase");
    expect(long.code, long.stderr).to.equal(0);
  });

  it("creates each kind of client, shows its secret once, rotates and deletes it", async () => {
    const created = await latchkey(
      "client create --type web --name Shop --redirect-uri https://shop.example/cb --first-party --json",
    );
    expect(created.code, created.stderr).to.equal(0);
    const { client_id: id, client_secret: secret } = JSON.parse(created.stdout) as Record<
      string,
      string
    >;
    expect(secret).to.match(/^[\w-]{43}$/);

    const shown = await latchkey(`client show ${id} --json`);
    expect(JSON.parse(shown.stdout)).to.include({ client_name: "Shop", first_party: true });
    expect(shown.stdout)
      .to.not.include(secret ?? "")
      .and.not.include("sha256.");

    const rotated = await latchkey(`client rotate-secret ${id} --json`);
    expect((JSON.parse(rotated.stdout) as Record<string, string>)["client_secret"]).to.not.equal(
      secret,
    );
    expect((await latchkey(`client delete ${id}`)).code).to.equal(0);
    expect((await latchkey(`client show ${id}`)).code).to.equal(1);

    const spa = await latchkey(
      "client create --type spa --redirect-uri https://app.example/cb --json",
    );
    expect((JSON.parse(spa.stdout) as Record<string, unknown>)["client_secret"]).to.equal(null);
    const machine = await latchkey("client create --type machine");
    expect(machine.stdout).to.match(/client_secret {2}\S+/);
  });

  it("refuses an unsafe redirect URI by the rules of registration", async () => {
    const result = await latchkey("client create --type web --redirect-uri http://shop.example/cb");
    expect(result.code).to.equal(1);
    expect(result.stderr).to.include("redirect_uris must use https");
  });

  it("creates initial access tokens that end", async () => {
    const token = await latchkey("initial-access-token create --expires-in 60 --json");
    const data = JSON.parse(token.stdout) as Record<string, unknown>;
    expect(data["initial_access_token"]).to.be.a("string");
    expect(data["expires_in"]).to.equal(60);
    expect((await latchkey("initial-access-token create --expires-in soon")).code).to.equal(2);
  });

  it("creates, lists and deletes APIs, with or without a trailing slash", async () => {
    const scope = "orders:read=Read_your_orders";
    const created = await latchkey(
      `api create https://api.example/ --name Orders --scope ${scope}`,
    );
    expect(created.code, created.stderr).to.equal(0);
    const list = await latchkey("api list --json");
    const [listed] = JSON.parse(list.stdout) as unknown[];
    expect(listed).to.deep.include({
      identifier: "https://api.example",
      name: "Orders",
      scopes: { "orders:read": "Read_your_orders" },
      access_token_format: "jwt",
      open: false,
    });
    const [id] = JSON.parse((await latchkey("client list --json")).stdout) as unknown[];
    const { client_id: clientId } = id as { client_id: string };
    const allowed = await latchkey(`api allow https://api.example ${clientId} --scope orders:read`);
    expect(allowed.stdout, allowed.stderr).to.include("orders:read");
    const changed = await latchkey(
      "api update https://api.example --default --no-open --access-token-seconds default --claim email=account.email --json",
    );
    expect(JSON.parse(changed.stdout), changed.stderr).to.deep.include({
      default: true,
      open: false,
      clients: { [clientId]: ["orders:read"] },
      claims: { email: "account.email" },
    });
    expect((await latchkey("api update https://api.example --claim sub=account.email")).stderr)
      .to.include("sub")
      .and.include("the server itself");
    expect((await latchkey(`api disallow https://api.example ${clientId}`)).code).to.equal(0);
    expect((await latchkey("api create https://api.example")).code).to.equal(1);
    expect((await latchkey("api delete https://api.example/")).code).to.equal(0);
    expect((await latchkey("api create not-a-uri")).stderr).to.include("absolute URI");
  });

  it("allows, lists and disallows token exchange of confidential clients", async () => {
    const create = async (type: string) => {
      const created = await latchkey(
        `client create --type ${type} --redirect-uri https://a.example/ --json`,
      );
      return (JSON.parse(created.stdout) as { client_id: string }).client_id;
    };
    const [web, spa] = [await create("web"), await create("spa")];
    await latchkey("api create https://stock.example.com --scope stock:read=See");
    const key = `${web} --to https://stock.example.com/`;

    const unknown = await latchkey(`exchange allow ${web} --to https://nowhere.example.com`);
    expect([unknown.code, unknown.stderr]).to.deep.equal([
      1,
      'latchkey: There is no API "https://nowhere.example.com".\n',
    ]);
    const undeclared = await latchkey(`exchange allow ${key} --scope stock:burn`);
    expect(undeclared.stderr).to.include("has no scope stock:burn");
    const isPublic = await latchkey(`exchange allow ${spa} --to https://stock.example.com`);
    expect(isPublic.stderr).to.include("only confidential clients");

    const allowed = await latchkey(`exchange allow ${key} --kind impersonation --scope stock:read`);
    expect(allowed.code, allowed.stderr).to.equal(0);
    const again = await latchkey(`exchange allow ${key} --json`);
    expect(JSON.parse(again.stdout)).to.deep.equal({
      client_id: web,
      source: null,
      target: "https://stock.example.com",
      kinds: ["delegation"],
      scopes: null,
    });
    expect((await latchkey("exchange list")).stdout).to.equal(
      `${"CLIENT ID".padEnd(web.length)}  FROM   TO                         KINDS       SCOPES\n` +
        `${web}  (any)  https://stock.example.com  delegation  (as exchanged)\n`,
    );
    expect((await latchkey(`exchange disallow ${key}`)).code).to.equal(0);
    expect((await latchkey(`exchange disallow ${key}`)).code).to.equal(1);
  });

  it("takes a name that begins with a dash, and no unknown option for a name", async () => {
    const dashed = await latchkey("client show -YqtkW06q64Sge6IZTGMlg");
    expect(dashed.stderr).to.include('There is no client "-YqtkW06q64Sge6IZTGMlg".');
    const unknown = await latchkey("client show --everything some-client");
    expect(unknown.code).to.equal(2);
    expect(unknown.stderr).to.include("unknown option '--everything'");
    expect((await latchkey("client show one two")).stderr).to.include("too many arguments: two");
  });

  it("migrates, and says when there is nothing to do", async () => {
    const result = await latchkey("migrate --json");
    expect(JSON.parse(result.stdout)).to.deep.equal({ applied: [] });
  });

  it("explains every command and answers wrong usage with exit code 2", async () => {
    const commands = [
      "",
      "serve",
      "migrate",
      "account create",
      "account set-password",
      "client create",
      "api create",
      "exchange allow",
      "api update",
      "api allow",
      "initial-access-token create",
      "demonstration remove",
    ];
    for (const command of commands) {
      const help = await latchkey(`${command} --help`.trim());
      expect(help.code, command).to.equal(0);
      expect(help.stdout).to.include("Usage: latchkey");
    }
    expect((await latchkey("account create")).code).to.equal(2);
    expect((await latchkey("client create --type toaster")).code).to.equal(2);
  });

  it("reports a configuration that cannot be used like the server does", async () => {
    const result = await runCli(["account", "list"], { ...environment, ALGORITHM: "none" });
    expect(result.code).to.equal(1);
    expect(result.stderr).to.include("ALGORITHM");
  });
});
