import { expect } from "chai";
import { createKeyRotation } from "../../src/keys/key-rotation.js";
import { defaultKeyTimes } from "../../src/keys/key-schedule.js";
import { createKeyUpkeep } from "../../src/keys/key-upkeep.js";
import { openSigningKeys } from "../../src/keys/signing-keys.js";
import type { SigningKeyStore } from "../../src/keys/signing-key-store.js";
import { deriveSecrets, type SecretKeys } from "../../src/lib/derived-secrets.js";
import { LatchkeyError } from "../../src/lib/errors.js";
import { migrateDatabase } from "../../src/storage/migrate.js";
import { openDatabase } from "../../src/storage/open-database.js";
import { createSqlSigningKeyStore } from "../../src/storage/sql-signing-key-store.js";
import { eventually } from "../support/eventually.js";
import {
  createMovableClock,
  describeOnEachDatabase,
  openTestChangeFeed,
} from "../support/stores.js";
import { codeOfRejection } from "../support/stores-rejection.js";

const OLD = "the old secret, of more than thirty-two characters";
const NEW = "the new secret, of more than thirty-two characters";
const DAY = 86_400;
const ROTATION_SECONDS = 90 * DAY;
const TIMES = defaultKeyTimes(30 * DAY);
const AHEAD = TIMES.publishAheadSeconds;

interface NodeOptions {
  readonly secretKeys?: SecretKeys;
  /** Of what others write; else it reads often. */
  readonly isTold?: boolean;
  readonly change?: (store: SigningKeyStore) => SigningKeyStore;
}

describeOnEachDatabase("Signing keys of several nodes", (createDatabase) => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
  });

  async function createEmpty() {
    const { url } = await createDatabase();
    const database = await openDatabase(url);
    await migrateDatabase(database);
    await database.close();
    return url;
  }

  /** As `app.ts` puts one together, with a clock of its own. */
  async function openNode(
    url: string,
    { secretKeys = [OLD], isTold = true, change = (store) => store }: NodeOptions = {},
  ) {
    const database = await openDatabase(url);
    closers.push(() => database.close());
    const changes = isTold ? await openTestChangeFeed(database) : undefined;
    if (changes !== undefined) closers.push(() => changes.close());
    const clock = createMovableClock();
    const secrets = deriveSecrets(secretKeys);
    const store = change(createSqlSigningKeyStore({ database, clock }));
    const logged: unknown[] = [];
    const log = (...line: unknown[]) => void logged.push(line);
    const deps = {
      store,
      sealer: secrets.signingKeys,
      times: TIMES,
      changes,
      clock,
      audit: () => {},
      logger: { info: log, warn: log, error: log },
    };
    const keys = await openSigningKeys(["ES256", "EdDSA"], deps);
    closers.push(() => keys.close());
    const rotation = createKeyRotation({ ...deps, refresh: keys.refresh });
    const upkeep = createKeyUpkeep({
      ...deps,
      newestSealer: secrets.newestSigningKeys,
      rotation,
      rotationSeconds: ROTATION_SECONDS,
    });
    const states = async () =>
      (await rotation.list())
        .filter(({ algorithm }) => algorithm === "ES256")
        .map(({ state }) => state);
    return { keys, rotation, upkeep, clock, store, logged, states };
  }

  const kidsOf = (keys: readonly { readonly kid: string }[]) => keys.map(({ kid }) => kid);

  it("are the same when all start on an empty database at once", async () => {
    const url = await createEmpty();
    const nodes = await Promise.all(Array.from({ length: 4 }, () => openNode(url)));
    for (const node of nodes) {
      await node.keys.refresh();
      expect(node.keys.published()).to.deep.equal(nodes[0]?.keys.published());
      expect(node.keys.published()).to.have.length(2);
    }
  });

  it("never show a private member, and are named by their thumbprint (RFC 7517 §4, RFC 7638)", async () => {
    const { keys } = await openNode(await createEmpty());
    const members = keys.published().flatMap((key) => Object.keys(key));
    expect(new Set(members)).to.deep.equal(new Set(["kty", "crv", "x", "y", "kid", "alg", "use"]));
    expect(keys.signing("ES256").d).to.be.a("string");
  });

  it("are known to the others within a second of a rotation, published and not yet signing", async () => {
    const url = await createEmpty();
    const [first, second] = [await openNode(url), await openNode(url)];
    const before = first.keys.signing("ES256").kid;
    const { kid, begun } = await first.rotation.rotate("ES256", "in_order");
    expect(begun).to.equal(true);
    expect(kidsOf(first.keys.published())).to.include(kid);
    await eventually(
      "the other publishes it",
      () => kidsOf(second.keys.published()).includes(kid),
      1_000,
    );
    for (const { keys } of [first, second]) expect(keys.signing("ES256").kid).to.equal(before);
    for (const { clock } of [first, second]) clock.advance(AHEAD);
    for (const { keys } of [first, second]) {
      expect(keys.signing("ES256").kid).to.equal(kid);
      expect(kidsOf(keys.published())).to.include.members([before, kid]);
    }
  });

  it("tell whoever subscribed when the time alone made another key sign", async () => {
    const { keys, rotation, clock } = await openNode(await createEmpty());
    await rotation.rotate("ES256", "in_order");
    const told: string[] = [];
    keys.subscribe(() => told.push(keys.signing("ES256").kid));
    clock.advance(AHEAD);
    await eventually("it is told", () => told.length > 0, 1_000);
    expect(told).to.deep.equal([keys.signing("ES256").kid]);
  });

  it("verify at every node what another signs whose clock is a minute off, at any second of a swap", async () => {
    const url = await createEmpty();
    const [early, late] = [await openNode(url), await openNode(url)];
    await late.rotation.rotate("ES256", "in_order");
    await early.keys.refresh();
    early.clock.advance(AHEAD - 90);
    late.clock.advance(AHEAD - 150);
    const signers = new Set<string>();
    for (let second = 0; second < 200; second++) {
      for (const [signer, verifier] of [
        [early, late],
        [late, early],
      ] as const) {
        const { kid } = signer.keys.signing("ES256");
        signers.add(kid);
        expect(kidsOf(verifier.keys.published())).to.include(kid);
      }
      early.clock.advance(1);
      late.clock.advance(1);
    }
    expect(signers.size).to.equal(2);
  });

  it("rotate by themselves when it is due: of many nodes one makes the new key", async () => {
    const url = await createEmpty();
    const nodes = await Promise.all(Array.from({ length: 5 }, () => openNode(url)));
    const runAll = () => Promise.all(nodes.map(({ upkeep }) => upkeep.run()));
    const advanceAll = (seconds: number) => {
      for (const { clock } of nodes) clock.advance(seconds);
    };
    const states = () => nodes[0]!.states();

    advanceAll(ROTATION_SECONDS - AHEAD - 1);
    await runAll();
    expect(await states()).to.deep.equal(["current"]);
    advanceAll(1);
    await runAll();
    await runAll();
    expect(await states()).to.deep.equal(["current", "next"]);
    advanceAll(AHEAD);
    await runAll();
    expect(await states()).to.deep.equal(["previous", "current"]);
    advanceAll(ROTATION_SECONDS);
    await runAll();
    advanceAll(AHEAD);
    expect(await states()).to.deep.equal(["previous", "current"]);
  });

  it("are not rotated by themselves when the setting is 0", async () => {
    const node = await openNode(await createEmpty());
    const upkeep = createKeyUpkeep({
      ...node,
      sealer: deriveSecrets([OLD]).signingKeys,
      newestSealer: deriveSecrets([OLD]).newestSigningKeys,
      times: TIMES,
      rotationSeconds: 0,
      logger: { info() {}, warn() {} },
    });
    node.clock.advance(1000 * DAY);
    await upkeep.run();
    expect(await node.states()).to.deep.equal(["current"]);
  });

  it("lose their private half when they are retired, and go when no hint can name them any more", async () => {
    const { keys, rotation, upkeep, clock, store, states } = await openNode(await createEmpty());
    const old = keys.signing("ES256");
    await rotation.rotate("ES256", "in_order");
    clock.advance(AHEAD + 60 + DAY - 1);
    await upkeep.run();
    expect(kidsOf(keys.published())).to.include(old.kid);
    clock.advance(1);
    await upkeep.run();
    await keys.refresh();
    expect(await states()).to.deep.equal(["retired", "current"]);
    expect(kidsOf(keys.published())).not.to.include(old.kid);
    expect(kidsOf(keys.ring().others)).to.include(old.kid);
    const row = (await store.list()).find(({ kid }) => kid === old.kid);
    const left = deriveSecrets([OLD]).signingKeys.open(row!.sealedJwk, old.kid);
    expect(JSON.parse(left ?? "")).to.have.keys("kty", "crv", "x", "y", "kid", "alg", "use");

    clock.advance(29 * DAY);
    await upkeep.run();
    await keys.refresh();
    expect(kidsOf(keys.ring().others)).not.to.include(old.kid);
    expect(kidsOf(await store.list())).not.to.include(old.kid);
  });

  it("end early when they are retired by hand; only previous ones can be", async () => {
    const { keys, rotation, clock, states } = await openNode(await createEmpty());
    const old = keys.signing("ES256").kid;
    expect(await codeOfRejection(rotation.retire(old))).to.equal("key_in_use");
    const { kid: next } = await rotation.rotate("ES256", "in_order");
    expect(await codeOfRejection(rotation.retire(next))).to.equal("key_in_use");
    clock.advance(AHEAD);
    await rotation.retire(old);
    expect(await states()).to.deep.equal(["retired", "current"]);
    expect(kidsOf(keys.published())).not.to.include(old);
    expect(await codeOfRejection(rotation.retire("unknown"))).to.equal("not_found");
  });

  it("are gone everywhere within a second when they are dropped, and another signs at once", async () => {
    const url = await createEmpty();
    const [first, second] = [await openNode(url), await openNode(url)];
    const { kid } = first.keys.signing("ES256");
    await second.rotation.drop(kid);
    expect(second.keys.signing("ES256").kid).not.to.equal(kid);
    await eventually(
      "the other knows",
      () => first.keys.signing("ES256").kid === second.keys.signing("ES256").kid,
      1_000,
    );
    for (const { keys } of [first, second]) {
      expect(kidsOf([...keys.published(), ...keys.ring().others])).not.to.include(kid);
    }
    expect(await codeOfRejection(first.rotation.drop(kid))).to.equal("not_found");
  });

  it("go on with a rotation that is under way, and sign in two seconds when that is wanted", async () => {
    const { keys, rotation, clock } = await openNode(await createEmpty());
    const { kid, signsFromSeconds } = await rotation.rotate("ES256", "in_order");
    const again = await rotation.rotate("ES256", "in_order");
    expect(again).to.include({ kid, signsFromSeconds, begun: false });
    expect((await rotation.rotate("ES256", "now")).kid).to.equal(kid);
    expect(keys.signing("ES256").kid).not.to.equal(kid);
    clock.advance(2);
    expect(keys.signing("ES256").kid).to.equal(kid);
    await rotation.rotate("ES256", "now");
    clock.advance(2);
    expect(keys.signing("ES256").kid).not.to.equal(kid);
  });

  it("are sealed under the new SECRET_KEY by any node that has both, and then open without the old one", async () => {
    const url = await createEmpty();
    const old = await openNode(url);
    const secretKeys: SecretKeys = [NEW, OLD];
    const nodes = [await openNode(url, { secretKeys }), await openNode(url, { secretKeys })];
    expect(await codeOfRejection(openNode(url, { secretKeys: [NEW] }))).to.equal(
      "secret_key_mismatch",
    );
    const counts = await Promise.all(nodes.map(({ upkeep }) => upkeep.reseal()));
    expect(counts[0]! + counts[1]!).to.equal(2);
    const node = await openNode(url, { secretKeys: [NEW] });
    expect(node.keys.published()).to.deep.equal(old.keys.published());
    expect(node.keys.signing("ES256")).to.deep.equal(old.keys.signing("ES256"));
  });

  it("that were sealed under a foreign SECRET_KEY are told of once and left alone; the others go on", async () => {
    const url = await createEmpty();
    const [ours, foreign] = [await openNode(url), await openNode(url, { secretKeys: [NEW, OLD] })];
    const before = ours.keys.signing("ES256").kid;
    await foreign.rotation.rotate("ES256", "now");
    await ours.keys.refresh();
    await ours.keys.refresh();
    ours.clock.advance(10);
    expect(ours.keys.signing("ES256").kid).to.equal(before);
    expect(ours.logged.flat()).to.include("a signing key was stored under another SECRET_KEY");
  });

  it("stay in use while the database is away, and swap at their time", async () => {
    let isAway = false;
    const { keys, rotation, clock, logged } = await openNode(await createEmpty(), {
      isTold: false,
      change: (store) => ({
        ...store,
        list: () =>
          isAway ? Promise.reject(new LatchkeyError("database_unavailable", "away")) : store.list(),
      }),
    });
    const { kid } = await rotation.rotate("ES256", "in_order");
    isAway = true;
    expect(await codeOfRejection(keys.refresh())).to.equal("database_unavailable");
    clock.advance(AHEAD);
    expect(keys.signing("ES256").kid).to.equal(kid);
    const warned = () => logged.flat().filter((line) => typeof line === "string");
    await eventually("that is told", () => warned().length > 0);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(warned()).to.deep.equal(["signing keys cannot be read: those known stay in use"]);
  });
});
