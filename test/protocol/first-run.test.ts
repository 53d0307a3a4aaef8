import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { freePort } from "../support/free-port.js";
import { createRelyingParty, oauthErrorOf } from "../support/relying-party.js";
import { runCli, runServer, spawnServer } from "../support/server-process.js";
import { PASSWORD } from "../support/test-server.js";

describe("the server process", function () {
  this.timeout(180_000);
  let directory: string;
  let environment: Record<string, string>;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "latchkey-run-"));
    environment = { PORT: String(await freePort()), DATA_DIR: join(directory, "data") };
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it("prints at its first start what is needed to try it, and the secrets only then", async () => {
    const first = await spawnServer(environment);
    const code = await first.stop("SIGTERM");
    const second = await spawnServer(environment);
    await second.stop("SIGTERM");

    const banner = first.output();
    expect(banner).to.include(`Issuer          http://localhost:${environment["PORT"]}`);
    expect(banner).to.include("/.well-known/openid-configuration");
    expect(banner).to.include("/playground");
    expect(banner).to.include("development mode");
    const password = /demo {2}password {2}(\S+)/.exec(banner)?.[1];
    const secret = /demo-machine {2}secret {2}(\S+)/.exec(banner)?.[1];
    const token = /initial access token {2}(\S+)/.exec(banner)?.[1];
    expect([password, secret, token]).to.not.include(undefined);
    expect(banner.trim().split("\n").length).to.be.at.most(22);
    for (const value of [password, secret, token]) {
      expect(second.output()).to.not.include(value);
    }
    expect(second.output()).to.include("account set-password demo");
    expect(code).to.equal(0);
  });

  it("keeps its secret and its data for its owner only", async () => {
    const server = await spawnServer(environment);
    await server.stop("SIGTERM");
    const modeOf = async (name: string) =>
      ((await stat(join(directory, "data", name))).mode & 0o777).toString(8);
    expect(await modeOf("secret-key")).to.equal("600");
    expect(await modeOf("latchkey.sqlite")).to.equal("600");
    expect(await modeOf(".")).to.equal("700");
  });

  it("refuses a second process on the same data", async () => {
    const first = await spawnServer(environment);
    try {
      const second = await runServer({ ...environment, PORT: String(await freePort()) });
      expect(second.code).to.equal(1);
      expect(second.stderr).to.match(/^latchkey: The data directory ".*" is in use by another/);
      expect(second.stderr.trim().split("\n")).to.have.length(1);
    } finally {
      await first.stop("SIGTERM");
    }
  });

  it("keeps sessions and tokens over kill -9, and accepts nothing twice", async () => {
    const created = await runCli(["account", "create", "ada"], environment, PASSWORD);
    expect(created.code, created.stderr).to.equal(0);
    const client = await runCli(
      [
        "--json",
        "client",
        "create",
        "--type",
        "web",
        "--redirect-uri",
        "http://localhost:9999/callback",
      ],
      environment,
    );
    const { client_id: id, client_secret: secret } = JSON.parse(client.stdout) as Record<
      string,
      string
    >;

    const first = await spawnServer(environment);
    const party = await createRelyingParty(first.issuer, id ?? "", secret ?? "");
    const code = await party.obtainCode({ username: "ada", password: PASSWORD });
    const tokens = await party.redeem(code);
    const refreshed = await party.refresh(tokens.refresh_token ?? "");
    await first.stop("SIGKILL");

    const second = await spawnServer(environment);
    try {
      const again = await party.refresh(refreshed.refresh_token ?? "");
      expect(again.refresh_token).to.be.a("string");
      expect(await oauthErrorOf(party.refresh(tokens.refresh_token ?? ""))).to.equal(
        "invalid_grant",
      );
      expect(await oauthErrorOf(party.redeem(code))).to.equal("invalid_grant");
    } finally {
      await second.stop("SIGTERM");
    }
  });

  it("reports every problem of the configuration at once and does not listen", async () => {
    const result = await runServer({ PORT: "ninety", ALGORITHM: "HS256", NODE_ENV: "production" });
    expect(result.code).to.equal(1);
    for (const name of ["PORT", "ALGORITHM", "SECRET_KEY", "DATABASE_URL"]) {
      expect(result.stderr).to.include(`  ${name} `);
    }
    expect(result.stderr).to.not.match(/\n {4}at /);
  });

  it("names a damaged database file and what to do", async () => {
    const file = join(directory, "damaged.sqlite");
    await writeFile(file, "this is not a database, and long enough to be looked at ".repeat(40));
    const result = await runServer({ ...environment, DATABASE_URL: `sqlite:${file}` });
    expect(result.code).to.equal(1);
    expect(result.stderr).to.include(file).and.to.include("restore it from a backup");
    expect(result.stderr.trim().split("\n")).to.have.length(1);
  });

  it("names a data directory that cannot be made", async () => {
    const file = join(directory, "a-file");
    await writeFile(file, "");
    const result = await runServer({ ...environment, DATA_DIR: join(file, "data") });
    expect(result.code).to.equal(1);
    expect(result.stderr).to.include(join(file, "data"));
    expect(result.stderr.trim().split("\n")).to.have.length(1);
  });

  it("names a port that is taken", async () => {
    const first = await spawnServer(environment);
    try {
      const second = await runServer({ ...environment, DATA_DIR: join(directory, "other") });
      expect(second.code).to.equal(1);
      expect(second.stderr).to.include(`Cannot listen on 127.0.0.1:${environment["PORT"]}`);
    } finally {
      await first.stop("SIGTERM");
    }
  });

  it("refuses demonstration data in production until it is removed", async () => {
    const trial = await spawnServer(environment);
    await trial.stop("SIGTERM");
    const production = {
      NODE_ENV: "production",
      PORT: environment["PORT"] ?? "",
      DATA_DIR: environment["DATA_DIR"] ?? "",
      ISSUER: `http://localhost:${environment["PORT"]}`,
      DATABASE_URL: `sqlite:${join(directory, "data", "latchkey.sqlite")}`,
      SECRET_KEY: await readSecret(directory),
    };
    const refused = await runServer(production);
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.include("latchkey demonstration remove");

    const removed = await runCli(["--json", "demonstration", "remove"], production);
    expect(JSON.parse(removed.stdout)).to.deep.equal({ accounts: 1, clients: 2 });
    const server = await spawnServer(production);
    const playground = await fetch(`${production.ISSUER}/playground`);
    const resource = await fetch(`${production.ISSUER}/protected-resource`);
    expect([playground.status, resource.status]).to.deep.equal([404, 404]);
    expect(await server.stop("SIGTERM")).to.equal(0);
    const lines = server.output().trim().split("\n");
    for (const line of lines) expect(() => JSON.parse(line) as unknown, line).to.not.throw();
  });

  it("says that SECRET_KEY does not fit the stored keys", async () => {
    const server = await spawnServer({
      ...environment,
      SECRET_KEY: "the first secret, of enough characters",
    });
    await server.stop("SIGTERM");
    const result = await runServer({
      ...environment,
      SECRET_KEY: "another secret, also of enough characters",
    });
    expect(result.code).to.equal(1);
    expect(result.stderr).to.include("SECRET_KEY does not open the signing key");
  });
});

async function readSecret(directory: string): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  return (await readFile(join(directory, "data", "secret-key"), "utf8")).trim();
}
