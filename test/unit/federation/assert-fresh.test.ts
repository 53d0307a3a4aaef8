import { expect } from "chai";
import { assertFresh } from "../../../src/federation/assert-fresh.js";
import type { UpstreamDemands } from "../../../src/federation/upstream-attempt.js";

const BEGUN = 1_800_000_000;

function refusal(demands: UpstreamDemands, authTime: unknown): string | undefined {
  const attempt = {
    state: "s",
    nonce: "n",
    codeVerifier: "v",
    providerId: "p",
    providerVersion: 1,
    purpose: { kind: "sign-in", uid: "u" },
    begunAtSeconds: BEGUN,
    expiresAtSeconds: BEGUN + 600,
    demands,
  } as const;
  try {
    assertFresh(attempt, authTime);
    return undefined;
  } catch (err) {
    return err instanceof Error && "code" in err ? String(err.code) : String(err);
  }
}

describe("a sign-in that must be fresh (OpenID Connect Core §3.1.2.1 prompt, max_age)", () => {
  it("may be as old as max_age, with a minute for clocks", () => {
    expect(refusal({ maxAgeSeconds: 300 }, BEGUN - 300)).to.equal(undefined);
    expect(refusal({ maxAgeSeconds: 300 }, BEGUN - 361)).to.equal("not_fresh");
  });

  it("must have happened since it was asked for with prompt=login, whatever max_age says", () => {
    expect(refusal({ login: true, maxAgeSeconds: 3600 }, BEGUN + 5)).to.equal(undefined);
    expect(refusal({ login: true, maxAgeSeconds: 3600 }, BEGUN - 3000)).to.equal("not_fresh");
  });

  it("is not believed of a provider that does not say when it was", () => {
    for (const odd of [undefined, "now", NaN, null]) {
      expect(refusal({ login: true }, odd)).to.equal("not_fresh");
    }
  });

  it("is nobody's business when nobody asks", () => {
    expect(refusal({}, undefined)).to.equal(undefined);
    expect(refusal({ login: false }, 1)).to.equal(undefined);
  });
});
