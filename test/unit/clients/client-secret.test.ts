import { expect } from "chai";
import {
  generateClientSecret,
  hashClientSecret,
  isClientSecretHash,
  verifyClientSecret,
} from "../../../src/clients/client-secret.js";

describe("client secrets", () => {
  it("are 256 random bits", () => {
    expect(Buffer.from(generateClientSecret(), "base64url")).to.have.length(32);
    expect(generateClientSecret()).not.to.equal(generateClientSecret());
  });

  it("are hashed with SHA-256 (FIPS 180-4 example, in base64url)", () => {
    expect(hashClientSecret("abc")).to.equal("sha256.ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
  });

  it("verify against their own hash only", () => {
    const secret = generateClientSecret();
    const hash = hashClientSecret(secret);
    expect(verifyClientSecret(secret, hash)).to.equal(true);
    expect(verifyClientSecret(generateClientSecret(), hash)).to.equal(false);
    expect(verifyClientSecret(`${secret} `, hash)).to.equal(false);
    expect(verifyClientSecret("", hash)).to.equal(false);
  });

  it("do not verify against what is no hash, themselves in the clear included", () => {
    const secret = generateClientSecret();
    for (const hash of [
      "",
      "sha256.",
      secret,
      `sha256.${secret}`,
      hashClientSecret(secret) + "=",
    ]) {
      expect(verifyClientSecret(secret, hash)).to.equal(false);
    }
  });

  it("can be told from their hashes", () => {
    const secret = generateClientSecret();
    expect(isClientSecretHash(hashClientSecret(secret))).to.equal(true);
    for (const value of [
      "",
      secret,
      "sha256.",
      `sha512.${secret}`,
      `${hashClientSecret(secret)}\n`,
    ]) {
      expect(isClientSecretHash(value)).to.equal(false);
    }
  });
});
