import { expect } from "chai";
import { findWeaknesses } from "../../../src/accounts/password-policy.js";

const context = {
  username: "Anna.Smith",
  email: "a.smith-jones@mail.test",
  issuerHost: "login.acme.test:8443",
};

const problemsOf = (password: string) =>
  findWeaknesses(password, context).map(({ english }) => english);

describe("findWeaknesses", () => {
  it("counts code points: 14 are too few, 15 enough (NIST SP 800-63B-4 §3.1.1.2)", () => {
    expect(problemsOf("vq7 rmt0 xk2 b")).to.deep.equal([
      "The password must have at least 15 characters.",
    ]);
    expect(problemsOf("vq7 rmt0 xk2 bz")).to.deep.equal([]);
    const emoji = Array.from("🦄🐙🦊🐢🦉🐝🦋🐌🐞🦀🐡🐬🐳🦩🦚");
    expect(problemsOf(emoji.join(""))).to.deep.equal([]);
    expect(problemsOf(emoji.slice(1).join(""))).to.have.length(1);
  });

  it("counts what was typed: neither a decomposed letter nor an expanded ligature as several", () => {
    const accented = "éàüöñçîôêâ".normalize("NFD");
    expect(Array.from(accented).length).to.equal(20);
    expect(problemsOf(accented)).to.have.length(1);
    expect(problemsOf("\u{FDFA}x")).to.have.length(1);
  });

  it("has no composition rules (ASVS 6.2.5)", () => {
    expect(problemsOf("correct horse battery staple")).to.deep.equal([]);
    expect(problemsOf("  leading and trailing  ")).to.deep.equal([]);
    expect(problemsOf("83920174650283617")).to.deep.equal([]);
    expect(problemsOf("пароль который помню")).to.deep.equal([]);
  });

  it("allows 1,024 bytes and no more, counted in the normal form", () => {
    const long = Array.from({ length: 512 }, (_, index) => (index * index * 7).toString(36)).join(
      "",
    );
    expect(problemsOf(long.slice(0, 1024))).to.deep.equal([]);
    const tooLong = ["The password must be text of at most 1024 bytes."];
    expect(problemsOf(long.slice(0, 1025))).to.deep.equal(tooLong);
    expect(problemsOf("\u{FDFA}".repeat(32))).to.deep.equal(tooLong);
    expect(problemsOf("x".repeat(1_000_000))).to.deep.equal(tooLong);
    expect(problemsOf("lone surrogate \ud800 inside")).to.deep.equal(tooLong);
  });

  const refused: Record<string, string[]> = {
    "a repeated character or short piece": [
      "aaaaaaaaaaaaaaaa",
      "🦄".repeat(20),
      "passwordpassword",
      "abc1abc1abc1abc1",
      "123451234512345",
    ],
    "a sequence": [
      "abcdefghijklmno",
      "0123456789012345",
      "1234567890123456",
      "98765432109876543",
      "qwertyuiopasdfgh",
      "zyxwvutsrqponml",
      "1qaz2wsx3edc4rfv",
      "AZERTYUIOPqsdfgh",
    ],
    "known words with digits and punctuation around": [
      "anna.smith202612",
      "2026ANNA.SMITH2026",
      "anna.smith anna.smith!",
      "ａｎｎａ．ｓｍｉｔｈ123456",
      "a.smith-jones2026",
      "a.smith-jones@mail.test1",
      "Latchkey-2026-Latchkey",
      "latchkey1234567890",
      "login.acme.test:8443",
      "acme acme 20262026",
      "acme-latchkey-anna.smith",
    ],
  };
  for (const [what, passwords] of Object.entries(refused)) {
    it(`refuses ${what} and says why (ASVS 6.2.11, NIST SP 800-63B-4 §3.1.1.2)`, () => {
      for (const password of passwords) {
        expect(problemsOf(password), password).not.to.deep.equal([]);
      }
    });
  }

  it("allows known words among others, and digits of a name within a long number", () => {
    expect(problemsOf("latchkey opens my door")).to.deep.equal([]);
    expect(problemsOf("anna.smith likes rain")).to.deep.equal([]);
    expect(problemsOf("latchkey🦄🐙🦊🐢🦉🐝🦋")).to.deep.equal([]);
    const numeric = { username: "7", email: undefined, issuerHost: "127.0.0.1" };
    expect(findWeaknesses("83920174650283617", numeric)).to.deep.equal([]);
  });

  it("lists every problem", () => {
    expect(problemsOf("aaaa")).to.have.length(2);
    expect(problemsOf("")).to.have.length(1);
  });
});
