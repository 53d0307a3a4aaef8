import { expect } from "chai";
import type { UpstreamAttempt } from "../../src/federation/upstream-attempt.js";
import { createSealer } from "../../src/lib/seal.js";
import { createUpstreamAttempts } from "../../src/oidc/upstream-attempts.js";
import { createUseOnce } from "../../src/oidc/use-once.js";
import { describeOnEachModelStore } from "../support/model-stores.js";
import { codeOfRejection } from "../support/stores-rejection.js";

const SEALER = createSealer("a secret key of more than thirty-two characters", "attempts");
const LIFE_SECONDS = 600;

describeOnEachModelStore("sign-ins under way at other providers", (store) => {
  function attempts() {
    return createUpstreamAttempts({
      sealer: SEALER,
      useOnce: createUseOnce(store().models, "upstream attempt"),
      clock: { nowSeconds: () => store().nowSeconds(), nowMs: () => store().nowSeconds() * 1000 },
    });
  }

  function newAttempt(state: string): UpstreamAttempt {
    const begunAtSeconds = store().nowSeconds();
    return {
      state,
      nonce: "nonce",
      codeVerifier: "verifier",
      providerId: "p",
      providerVersion: 1,
      purpose: { kind: "sign-in", uid: "uid" },
      begunAtSeconds,
      expiresAtSeconds: begunAtSeconds + LIFE_SECONDS,
      demands: {},
    };
  }

  it("open at any node with their own state, and with no other", () => {
    const attempt = newAttempt("one");
    const sealed = attempts().seal(attempt);
    expect(attempts().open(sealed, "one")).to.deep.equal(attempt);
    expect(attempts().open(sealed, "two")).to.equal(undefined);
    expect(attempts().open(`${sealed.slice(0, -2)}AA`, "one")).to.equal(undefined);
    expect(attempts().open("", "one")).to.equal(undefined);
  });

  it("are used once, of all nodes that try at once", async () => {
    const attempt = newAttempt("raced");
    const tries = Array.from({ length: 20 }, () =>
      attempts()
        .consume(attempt)
        .then(
          () => "first",
          (err: unknown) => (err instanceof Error ? err.message : ""),
        ),
    );
    const results = await Promise.all(tries);
    expect(results.filter((result) => result === "first")).to.have.length(1);
    expect(await codeOfRejection(attempts().consume(attempt))).to.equal("attempt_used");
  });

  it("end after ten minutes, used or not", async () => {
    const attempt = newAttempt("slow");
    await store().advance(LIFE_SECONDS);
    expect(await codeOfRejection(attempts().consume(attempt))).to.equal("attempt_expired");
  });
});
