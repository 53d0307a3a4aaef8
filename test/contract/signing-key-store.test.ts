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
});
