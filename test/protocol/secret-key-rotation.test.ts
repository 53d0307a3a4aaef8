import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createApp, type App } from "../../src/app.js";
import { resealKeys } from "../../src/commands/key-commands.js";
import { loadConfig } from "../../src/config/load-config.js";
import { openDeployment } from "../../src/deployment.js";
import { systemClock } from "../../src/lib/clock.js";
import { createLogger } from "../../src/lib/logger.js";
import { enrolAuthenticator } from "../support/authenticator-app.js";
import {
  createBelongings,
  createHolders,
  type Belongings,
  type Holders,
} from "../support/belongings.js";
import { describeOnTwoNodes } from "../support/deployments.js";
import { runCli, runServer } from "../support/server-process.js";
import { startServerNodes, type ServerNodes } from "../support/server-nodes.js";
import { collectLogs } from "../support/test-server.js";

const OLD = "a test secret of more than thirty-two characters";
const NEW = "another test secret of more than thirty-two characters";

/** What a node is given at each step of docs/operations.md. */
const BEFORE = { SECRET_KEY: OLD, SECRET_KEY_PREVIOUS: "" };
const PREPARED = { SECRET_KEY: OLD, SECRET_KEY_PREVIOUS: NEW };
const SWAPPED = { SECRET_KEY: NEW, SECRET_KEY_PREVIOUS: OLD };
const AFTER = { SECRET_KEY: NEW, SECRET_KEY_PREVIOUS: "" };

type Secrets = typeof BEFORE;

describe("another SECRET_KEY for a server on SQLite", function () {
  this.timeout(180_000);
  let directory: string;
  let server: ServerNodes;
  let holders: Holders;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "latchkey-secret-"));
    server = await startServerNodes({
      count: 1,
      environment: {
        DATABASE_URL: `sqlite:${join(directory, "latchkey.sqlite")}`,
        DATA_DIR: directory,
        SECRET_KEY: OLD,
      },
    });
    holders = await createHolders(server);
  });
  after(async () => {
    await server?.close();
    await rm(directory, { recursive: true, force: true });
  });

  const restart = async (secrets: Secrets) => {
    const [node] = server.nodes;
    expect(await node?.stop("SIGTERM")).to.equal(0);
    await node?.start(secrets);
  };

  it("signs nobody out and ends no token, code or device code when the old one is the previous one", async () => {
    const old = await createBelongings(server, holders);
    await restart(SWAPPED);
    await old.expectAlive();
  });

  it("leaves good what was made since, when the previous one is taken away", async () => {
    const belongings = await createBelongings(server, holders);
    const { stdout } = await runCli(["keys", "reseal"], { ...server.environment, ...SWAPPED });
    expect(stdout).to.equal(
      "All signing keys, secrets of providers and second steps are sealed under SECRET_KEY; 0 of the keys were not before.\n",
    );
    await restart(AFTER);
    await belongings.expectAlive();
  });

  it("is refused, with what to do, when nothing opens what is stored", async () => {
    const [node] = server.nodes;
    await node?.stop("SIGTERM");
    const { code, stderr } = await runServer({
      ...server.environment,
      NODE_ENV: "production",
      PORT: "0",
      ...BEFORE,
    });
    expect(code).to.equal(1);
    expect(stderr).to.include("SECRET_KEY does not open").and.include("SECRET_KEY_PREVIOUS");
    await node?.start();
  });
});

describe("another SECRET_KEY for what lasts longer than a session", () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "latchkey-secret-"));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  /** A server with these keys, which takes no requests. */
  async function withApp<Result>(secrets: Secrets, use: (app: App) => Promise<Result>) {
    const config = loadConfig({
      ISSUER: "http://localhost:3000",
      DATABASE_URL: `sqlite:${join(directory, "latchkey.sqlite")}`,
      DATA_DIR: directory,
      DEMONSTRATION_DATA: "false",
      SMTP_URL: "smtp://localhost:1",
      MAIL_FROM: "login@example.com",
      ...secrets,
    });
    const deployment = await openDeployment(config);
    const logger = createLogger({ level: "warn", format: "json", ...collectLogs() });
    const app = await createApp({ config, ...deployment, clock: systemClock, logger });
    try {
      return await use(app);
    } finally {
      await app.close();
      await deployment.database.close();
    }
  }

  const TEXT = { code: "12345678", url: "http://localhost:3000/reset", minutes: 15 };

  it("reaches authenticator apps and recovery codes by `keys reseal`, and mail that waits while both are accepted", async () => {
    const mail = { to: "ada@example.com", language: "en", template: "reset_password" } as const;
    const {
      account,
      app: phone,
      recoveryCodes,
    } = await withApp(BEFORE, async (app) => {
      await app.createAccount({ username: "ada", password: "a long passphrase of somebody" });
      await app.mailer.send({ ...mail, values: TEXT });
      return enrolAuthenticator({ app }, "ada");
    });
    const verify = (app: App, code: string) => app.secondSteps.verify(account.id, code);
    const waiting = async (app: App) =>
      (await app.mailStore.list({ limit: 10 })).map((each) => app.sealedMails.open(each)?.values);

    await withApp(SWAPPED, async (app) => {
      expect(await verify(app, phone.nextCode())).to.include({ outcome: "verified" });
      expect(await waiting(app)).to.deep.equal([TEXT]);
      const { text } = await resealKeys(app);
      expect(text).to.include("second steps are sealed under SECRET_KEY");
    });
    await withApp(AFTER, async (app) => {
      expect(await verify(app, phone.nextCode())).to.include({ outcome: "verified", by: "totp" });
      for (const code of recoveryCodes.slice(0, 2)) {
        expect(await verify(app, code)).to.include({ outcome: "verified", by: "recovery_code" });
      }
      // Useful for a day at most: the old key is not taken away so soon.
      expect(await waiting(app)).to.deep.equal([undefined]);
    });
  });
});

describeOnTwoNodes("another SECRET_KEY, one node after the other", (nodes) => {
  let holders: Holders;
  let earlier: Belongings | undefined;
  before(async () => {
    holders = await createHolders(nodes());
  });

  const restart = async (index: number, secrets: Secrets) => {
    const node = nodes().nodes[index];
    expect(await node?.stop("SIGTERM")).to.equal(0);
    await node?.start(secrets);
  };

  const STEPS: readonly [string, readonly [number, Secrets][]][] = [
    ["before", []],
    ["one node accepts the new one", [[0, PREPARED]]],
    ["both accept the new one", [[1, PREPARED]]],
    ["one node uses the new one", [[0, SWAPPED]]],
    ["both use the new one", [[1, SWAPPED]]],
  ];

  for (const [step, restarts] of STEPS) {
    it(`${step}: every request may meet either node, and all that was made before is good`, async () => {
      for (const [index, secrets] of restarts) await restart(index, secrets);
      await earlier?.expectAlive();
      // One set is made and used by both nodes as they are now; another waits for the next step.
      if (step.startsWith("one")) await (await createBelongings(nodes(), holders)).expectAlive();
      earlier = await createBelongings(nodes(), holders);
    });
  }

  it("the old one is taken away: what was made since is good", async () => {
    for (const index of [0, 1]) await restart(index, AFTER);
    await earlier?.expectAlive();
  });
});
