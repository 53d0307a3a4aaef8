import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import {
  createBelongings,
  createHolders,
  type Belongings,
  type Holders,
} from "../support/belongings.js";
import { describeOnTwoNodes } from "../support/deployments.js";
import { runCli, runServer } from "../support/server-process.js";
import { startServerNodes, type ServerNodes } from "../support/server-nodes.js";

const OLD = "a test secret of more than thirty-two characters";
const NEW = "another test secret of more than thirty-two characters";

/** What a node is given at each step of docs/operations.md. */
const BEFORE = { SECRET_KEY: OLD, SECRET_KEY_PREVIOUS: "" };
const PREPARED = { SECRET_KEY: OLD, SECRET_KEY_PREVIOUS: NEW };
const SWAPPED = { SECRET_KEY: NEW, SECRET_KEY_PREVIOUS: OLD };
const AFTER = { SECRET_KEY: NEW, SECRET_KEY_PREVIOUS: "" };

type Secrets = typeof BEFORE;

describe("another SECRET_KEY for a server on SQLite", function () {
  this.timeout(60_000);
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
      "All signing keys are sealed under SECRET_KEY; 0 of them were not before.\n",
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
