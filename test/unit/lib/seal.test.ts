import { expect } from "chai";
import { createMac, createSealer, deriveKey } from "../../../src/lib/seal.js";

const SECRET_KEY = "a secret key of the test, 32 bytes or more";

describe("createSealer", () => {
  const sealer = createSealer(SECRET_KEY, "signing keys");

  it("opens what it sealed, whatever the text", () => {
    for (const text of ["", "x", '{"kty":"EC"}', "Ünïcode 🔑", "long ".repeat(10_000)]) {
      expect(sealer.open(sealer.seal(text, "key 1"), "key 1")).to.equal(text);
    }
  });

  it("names its version and is safe in URLs and cookies", () => {
    expect(sealer.seal("text", "key 1")).to.match(/^v1\.[A-Za-z0-9_-]+$/);
  });

  it("never seals the same text to the same value (random nonce, NIST SP 800-38D §8.2.2)", () => {
    const sealed = Array.from({ length: 1000 }, () => sealer.seal("text", "key 1"));
    expect(new Set(sealed.map((value) => value.slice(0, 3 + 16))).size).to.equal(1000);
  });

  it("opens with a sealer made anew from the same key and purpose", () => {
    const other = createSealer(SECRET_KEY, "signing keys");
    expect(other.open(sealer.seal("text", "key 1"), "key 1")).to.equal("text");
  });

  it("does not open under another context, purpose or key", () => {
    const sealed = sealer.seal("text", "key 1");
    expect(sealer.open(sealed, "key 2")).to.equal(undefined);
    expect(sealer.open(sealed, "")).to.equal(undefined);
    expect(createSealer(SECRET_KEY, "cookies").open(sealed, "key 1")).to.equal(undefined);
    expect(createSealer(`${SECRET_KEY}!`, "signing keys").open(sealed, "key 1")).to.equal(
      undefined,
    );
  });

  it("does not open with any one bit turned", () => {
    const bytes = Buffer.from(sealer.seal("text", "key 1").slice(3), "base64url");
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const forged = Buffer.from(bytes);
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(sealer.open(`v1.${forged.toString("base64url")}`, "key 1")).to.equal(undefined);
    }
  });

  it("does not open when cut at any length, so that no short tag is taken", () => {
    const sealed = sealer.seal("text", "key 1");
    for (let length = 0; length < sealed.length; length += 1) {
      expect(sealer.open(sealed.slice(0, length), "key 1")).to.equal(undefined);
    }
  });

  it("opens one spelling only", () => {
    const sealed = sealer.seal("text!", "key 1");
    for (const spelling of [
      `${sealed}=`,
      `${sealed} `,
      `${sealed}\n`,
      ` ${sealed}`,
      sealed + "*",
    ]) {
      expect(sealer.open(spelling, "key 1")).to.equal(undefined);
    }
    expect(sealer.open(sealed.replace("v1.", "v2."), "key 1")).to.equal(undefined);
    expect(sealer.open("garbage", "key 1")).to.equal(undefined);
  });
});

describe("deriveKey", () => {
  it("is HKDF-SHA-256 without salt (RFC 5869 appendix A.3)", () => {
    // The input keying material of A.3 is 22 bytes of 0x0b, which are also ASCII.
    expect(deriveKey("\u000b".repeat(22), "", 42).toString("hex")).to.equal(
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    );
  });

  it("differs by purpose and is 32 bytes unless told", () => {
    expect(deriveKey(SECRET_KEY, "a")).to.have.length(32);
    expect(deriveKey(SECRET_KEY, "a").equals(deriveKey(SECRET_KEY, "b"))).to.equal(false);
  });
});

describe("createMac", () => {
  const mac = createMac(SECRET_KEY, "form token");

  it("verifies what it signed, and nothing else", () => {
    const signed = mac.sign("message");
    expect(mac.verify("message", signed)).to.equal(true);
    expect(mac.verify("message2", signed)).to.equal(false);
    for (const forged of [
      "",
      "x",
      signed.slice(1),
      `${signed}=`,
      mac.sign("other"),
      "é".repeat(43),
    ]) {
      expect(mac.verify("message", forged)).to.equal(false);
    }
  });

  it("differs by purpose and key", () => {
    const signed = mac.sign("message");
    expect(createMac(SECRET_KEY, "cookies").verify("message", signed)).to.equal(false);
    expect(createMac("another key", "form token").verify("message", signed)).to.equal(false);
  });
});
