import { randomUUID } from "node:crypto";
import { expect } from "chai";
import type { StoredSigningKey } from "../../src/keys/signing-key-store.js";
import { describeOnEachBackend } from "../support/stores.js";

function newKey(changes: Partial<StoredSigningKey> = {}): StoredSigningKey {
  return {
    kid: randomUUID(),
    algorithm: `ES256-${randomUUID()}`,
    generation: 1,
    sealedJwk: "sealed",
    createdAtSeconds: 1_800_000_000,
    signsFromSeconds: 1_800_000_600,
    publishedUntilSeconds: undefined,
    ...changes,
  };
}

describeOnEachBackend("SigningKeyStore", (stores) => {
  const signingKeys = () => stores().signingKeys;

  it("lists the keys that were added", async () => {
    const first = newKey();
    const second = newKey({ algorithm: first.algorithm, generation: 2, createdAtSeconds: 1 });
    expect(await signingKeys().insert(second)).to.equal(true);
    expect(await signingKeys().insert(first)).to.equal(true);
    const listed = await signingKeys().list();
    const ofAlgorithm = listed.filter(({ algorithm }) => algorithm === first.algorithm);
    expect(ofAlgorithm).to.deep.equal([first, second]);
  });

  it("adds no second key with the same kid or the same generation of an algorithm", async () => {
    const key = newKey();
    await signingKeys().insert(key);
    expect(await signingKeys().insert(newKey({ kid: key.kid }))).to.equal(false);
    expect(await signingKeys().insert(newKey({ algorithm: key.algorithm }))).to.equal(false);
    expect(await signingKeys().insert(key)).to.equal(false);
    expect(await signingKeys().list()).to.deep.include(key);
  });

  it("lets one of many nodes add a generation", async () => {
    const { algorithm } = newKey();
    const results = await Promise.all(
      Array.from({ length: 20 }, () => signingKeys().insert(newKey({ algorithm }))),
    );
    expect(results.filter(Boolean)).to.have.length(1);
    const listed = await signingKeys().list();
    expect(listed.filter((key) => key.algorithm === algorithm)).to.have.length(1);
  });

  const ofAlgorithm = async (algorithm: string) =>
    (await signingKeys().list()).filter((key) => key.algorithm === algorithm);

  it("ends the publication of a key", async () => {
    const key = newKey();
    await signingKeys().insert(key);
    expect(await signingKeys().setPublishedUntil(key.kid, 1_800_000_700)).to.equal(true);
    expect(await ofAlgorithm(key.algorithm)).to.deep.equal([
      { ...key, publishedUntilSeconds: 1_800_000_700 },
    ]);
    expect(await signingKeys().setPublishedUntil("unknown", 1)).to.equal(false);
  });

  it("seals a key anew for one of many, and only as long as it is as they know it", async () => {
    const key = newKey();
    await signingKeys().insert(key);
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, turn) =>
        signingKeys().replaceSealed(key.kid, "sealed", `anew ${turn}`),
      ),
    );
    expect(results.filter(Boolean)).to.have.length(1);
    const winner = results.indexOf(true);
    expect(await ofAlgorithm(key.algorithm)).to.deep.equal([
      { ...key, sealedJwk: `anew ${winner}` },
    ]);
  });

  it("lets a key sign earlier, and none later", async () => {
    const first = newKey({ signsFromSeconds: 1_800_000_000 });
    const next = newKey({ algorithm: first.algorithm, generation: 2 });
    await signingKeys().insert(first);
    await signingKeys().insert(next);
    expect(await signingKeys().advance(first.algorithm, 1_800_000_300)).to.equal(1);
    expect(await ofAlgorithm(first.algorithm)).to.deep.equal([
      first,
      { ...next, signsFromSeconds: 1_800_000_300 },
    ]);
  });

  describe("drop", () => {
    const NOW = 1_800_000_600;

    async function insertPair() {
      const first = newKey({ signsFromSeconds: NOW - 100 });
      const { algorithm } = first;
      const next = newKey({ algorithm, generation: 2, signsFromSeconds: NOW + 100 });
      await signingKeys().insert(first);
      return { algorithm, first, next };
    }
    const successorOf = ({ algorithm, generation }: StoredSigningKey) =>
      newKey({ algorithm, generation: generation + 1, signsFromSeconds: NOW });

    it("puts the successor in the place of the key that signs", async () => {
      const { algorithm, first } = await insertPair();
      const successor = successorOf(first);
      expect(await signingKeys().drop(first.kid, successor)).to.equal(true);
      expect(await ofAlgorithm(algorithm)).to.deep.equal([successor]);
      expect(await signingKeys().drop(first.kid, successorOf(successor))).to.equal(false);
      expect(await ofAlgorithm(algorithm)).to.deep.equal([successor]);
    });

    it("lets a next key that is there already sign at once", async () => {
      const { algorithm, first, next } = await insertPair();
      await signingKeys().insert(next);
      await signingKeys().drop(first.kid, successorOf(first));
      expect(await ofAlgorithm(algorithm)).to.deep.equal([{ ...next, signsFromSeconds: NOW }]);
    });

    it("only deletes a key that does not sign", async () => {
      const { algorithm, first, next } = await insertPair();
      await signingKeys().insert(next);
      await signingKeys().drop(next.kid, successorOf(next));
      expect(await ofAlgorithm(algorithm)).to.deep.equal([first]);
    });

    it("leaves a key that signs when all are dropped at once", async () => {
      for (let round = 0; round < 10; round++) {
        const { algorithm, first, next } = await insertPair();
        await signingKeys().insert(next);
        await Promise.all([
          signingKeys().drop(first.kid, successorOf(first)),
          signingKeys().drop(next.kid, successorOf(next)),
        ]);
        const left = await ofAlgorithm(algorithm);
        expect(left.map(({ kid }) => kid)).not.to.include.members([first.kid]);
        expect(left.map(({ kid }) => kid)).not.to.include.members([next.kid]);
        expect(left.filter((key) => key.signsFromSeconds <= NOW)).to.have.length(1);
      }
    });
  });
});
